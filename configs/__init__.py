"""The presets, as a package so that they are found from anywhere."""
