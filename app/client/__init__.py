"""Typed client of the REST interface, for the console, the command and scripts."""
