"""Use cases: a command and a unit of work in, an answer out. One transaction each, no I/O but the store."""
