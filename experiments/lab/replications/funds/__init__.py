"""Published results on funds."""
