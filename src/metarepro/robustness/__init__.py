"""Many refits of the one kernel: what a result owes to chance, to single studies and to choices."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.robustness.permutation import PermutationTest, permutation_test

__getattr__ = lazy(
    __name__,
    {
        "PermutationTest": "metarepro.robustness.permutation",
        "permutation_test": "metarepro.robustness.permutation",
    },
)
__all__ = ["PermutationTest", "permutation_test"]
