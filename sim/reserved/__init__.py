"""Reserved capacity: take-or-pay contracts, posted rates, the anchor tenant."""
