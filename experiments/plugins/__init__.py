"""The code that runs are made of, a user's own among it: found, hashed, kept from doing harm."""
