"""Drapery plots."""
