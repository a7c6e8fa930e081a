"""The parts of the table; each yields its rows as soon as they are measured."""
