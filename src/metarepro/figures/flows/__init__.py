"""Flow diagrams."""
