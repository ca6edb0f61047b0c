"""Figures of what differs, a file each with a `draw(results)`."""
