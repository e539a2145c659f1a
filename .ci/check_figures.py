"""Read every figure of the results back and say what is not as it must be: numbers, places, fonts, pages."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.figures.places import check_all, numbers_of  # noqa: E402 - the path must be set first


def main() -> int:
    """Print faults; 0 when there are none."""
    results, faults, count = ROOT / "results", [], 0
    for alternative in sorted(results.rglob("*.alt.txt")):
        stem = alternative.with_name(alternative.name.removesuffix(".alt.txt"))
        fit = stem.parent / "fit.json"
        numbers = numbers_of(json.loads(fit.read_text(encoding="utf-8"))) if stem.name == "forest" else None
        faults += [f"{stem.relative_to(ROOT)}: {fault}" for fault in check_all(stem, numbers)]
        count += 1
    print(*faults, f"{count} figures read back, {len(faults)} faults.", sep="\n")
    return 4 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main())
