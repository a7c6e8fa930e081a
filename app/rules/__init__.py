"""Which instance belongs on which host: pure functions over values, used by services and by simulations."""
