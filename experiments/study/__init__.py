"""A study spelt out: its worlds, events, kinds of runs."""
