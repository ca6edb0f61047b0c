"""What credit costs, and how long a pool of loans takes to pay its notes."""
