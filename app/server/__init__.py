"""HTTP: the one listener, its routes, and the wiring of everything behind them."""
