"""Tables of columns: what a list shows of a thing, how wide, how sorted, how filtered. Pure, no Textual."""
