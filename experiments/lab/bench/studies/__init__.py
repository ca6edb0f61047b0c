"""What studies take beyond their simulation: points, runs, tables, reports."""
