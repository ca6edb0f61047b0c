"""What agents hand in to each department, and what each shows: frozen rows and records, no behaviour."""
