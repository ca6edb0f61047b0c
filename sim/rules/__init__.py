"""Scalar rules of behaviour: plain Python for agents, compiled by kernels."""
