"""Bubble plots of meta-regressions."""
