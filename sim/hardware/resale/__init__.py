"""The market for used GPUs: who offers and buys, at what price, and what moves."""
