"""Hardware: the stock of GPUs, orders under way, the vendor's price."""
