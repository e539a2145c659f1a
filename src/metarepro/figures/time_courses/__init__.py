"""Time courses by trial."""
