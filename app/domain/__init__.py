"""Facts of the cloud: standard library only, no I/O, no clock, no randomness."""
