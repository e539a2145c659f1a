"""Raw tables -> validated records, with every problem at its line and column."""

from metarepro.evidence.dataset import Dataset, read_dataset

__all__ = ["Dataset", "read_dataset"]
