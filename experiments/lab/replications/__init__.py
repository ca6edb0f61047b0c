"""Published results reproduced as special cases of the simulator, one file each, with the parts that a run uses."""
