"""How an agent turns its view into rows: what several kinds of agents share."""
