"""Many refits of the one kernel: what a result owes to chance, single studies and missing evidence."""
