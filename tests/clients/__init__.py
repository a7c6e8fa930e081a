"""The client matrix: unmodified clients of 2009 to today, each through one life cycle of a small cloud's user."""
