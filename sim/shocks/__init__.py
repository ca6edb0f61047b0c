"""Supply and demand shocks, one file each."""
