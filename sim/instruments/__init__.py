"""What is owned and owed: fleets, contracts, loans."""
