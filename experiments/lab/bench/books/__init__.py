"""The limit order book beside the same book in plain Python and in C."""
