"""Printed against recomputed results."""
