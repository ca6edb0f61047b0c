"""The result folder and its files."""
