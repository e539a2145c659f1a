"""Numbers that cannot be right, or are hard to believe: what a statistician checks before pooling."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.evidence.integrity.checks import check_integrity
    from metarepro.evidence.integrity.codes import WARNINGS
    from metarepro.evidence.integrity.findings import Finding

__getattr__ = lazy(
    __name__,
    {
        "WARNINGS": "metarepro.evidence.integrity.codes",
        "Finding": "metarepro.evidence.integrity.findings",
        "check_integrity": "metarepro.evidence.integrity.checks",
    },
)
__all__ = [
    "WARNINGS",
    "Finding",
    "check_integrity",
]
