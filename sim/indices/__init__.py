"""Rent indices, one file each."""
