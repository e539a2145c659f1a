"""Raw tables -> validated records, with every problem at its line and column."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.evidence.dataset import Dataset, read_dataset

__getattr__ = lazy(
    __name__,
    {
        "Dataset": "metarepro.evidence.dataset",
        "read_dataset": "metarepro.evidence.dataset",
    },
)
__all__ = [
    "Dataset",
    "read_dataset",
]
