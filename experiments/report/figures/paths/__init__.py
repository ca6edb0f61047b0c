"""Figures over time, a file each with a `draw(results)`."""
