"""Mechanisms that match what agents propose, one file each."""
