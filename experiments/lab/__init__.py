"""Replications and benchmarks."""
