"""Parts of the program measured alone: what to look at when a figure of the table got worse."""
