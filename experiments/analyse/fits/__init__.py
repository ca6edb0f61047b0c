"""Fits over many points of a study: sensitivity, and calibration by simulated moments."""
