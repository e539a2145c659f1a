"""Figures of how far a result depends on single studies: leave-one-out, cumulative, Baujat, all subsets."""
