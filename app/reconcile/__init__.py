"""The only place that changes the outside world: compare wanted with seen, act, remember."""
