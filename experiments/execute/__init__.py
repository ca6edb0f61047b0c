"""Runs batches of runs, here or elsewhere, and measures what is stored."""
