"""Clearing houses and margin."""
