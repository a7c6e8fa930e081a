"""The places of the console, one a file."""
