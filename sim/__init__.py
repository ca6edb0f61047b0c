"""The world: it knows no concrete agent. Start with `sim/economy.py`."""
