"""Funds on the exchange: launch, the evening after the close, the end."""
