"""The operator's console: Textual over REST."""
