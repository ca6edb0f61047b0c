"""Capacity that is waited for, kept back or reserved."""
