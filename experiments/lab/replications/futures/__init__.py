"""Published results on futures."""
