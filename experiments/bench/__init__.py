"""Benchmarks: `python -m experiments.bench` times each target with both sides in one run."""
