"""Rental: the day's hours, list prices, where fleets and users are, rents."""
