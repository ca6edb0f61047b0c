"""Securitisation: notes on loans, their payment and their offering."""
