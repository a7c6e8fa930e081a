"""The numbers of the mapping rules: how fast they decide, how well they pack, and what they never do."""
