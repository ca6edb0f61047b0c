"""Studies of the simulated market: composed, run, stored, read."""
