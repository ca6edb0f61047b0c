"""What a study says: answer, page, figures."""
