"""Published results on trading."""
