"""Kinds of study that lay out their own points: sensitivity, calibration."""
