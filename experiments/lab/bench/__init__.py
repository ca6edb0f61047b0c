"""Benchmarks: `python -m experiments.lab.bench` times each target with both sides in one run."""
