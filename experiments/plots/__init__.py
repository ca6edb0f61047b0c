"""Figures: one theme a file, each with a `draw(results)`."""
