"""Published results on credit."""
