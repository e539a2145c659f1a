"""Models beyond two-stage inverse variance: one file each, all behind the one protocol of fits."""
