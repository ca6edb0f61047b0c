"""Credit: loans, their service and financing, insolvency."""
