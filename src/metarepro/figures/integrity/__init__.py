"""Findings of the integrity checks."""
