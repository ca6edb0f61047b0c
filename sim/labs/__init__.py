"""Labs: users of compute that earn revenue, raise money and may fail."""
