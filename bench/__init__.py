"""The speed of a served cloud, measured as a client meets it and beside the peers a user could pick instead."""
