"""Figures of credit: of runs that record what it reports."""
