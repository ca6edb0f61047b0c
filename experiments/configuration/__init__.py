"""From the command line to a configuration: composed, mended, read, in its one form."""
