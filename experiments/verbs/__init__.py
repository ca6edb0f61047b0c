"""What one does with a study and its folder: a verb each of `rackrate VERB ...`."""
