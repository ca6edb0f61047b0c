"""The participants, one file each; strangers to each other."""
