"""What differs between two results folders: causes, numbers, figures, in this order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from metarepro.analysis.compare import compare_results
from metarepro.errors import DataError, Problem
from metarepro.figures.page.compare_svg import compare_svg

# What an analysis was made of, and what its main result is; the rest follows from them.
_CAUSE = re.compile(r"(studies\..*\.(inputs\.|provenance\..*says)|left_out|methods|measure|title|subgroups_by)")
_NUMBER = re.compile(
    r"summary\.(k|participants|estimate|ci_low|ci_high|pi_low|pi_high|p_value|heterogeneity\.(components\.tau2|i2))\b"
)


@dataclass(frozen=True)
class Difference:
    """What differs in one analysis: its data and settings, its main numbers, how many other numbers, its figure."""

    analysis: str
    causes: tuple[str, ...]
    numbers: tuple[str, ...]
    others: int
    figure: tuple[str, ...]


def compare_folders(old: Path, new: Path) -> tuple[Difference, ...]:
    """Differences between two results folders, by analysis; empty when they say the same.

    Raises
    ------
    DataError
        A folder without a readable results.json.
    """
    before, after = (_results(folder) for folder in (old, new))
    found: dict[str, list[str]] = {}
    for line in compare_results(before, after):
        name, _, text = line.partition(": ")
        if not text:  # "analysis x is new"
            _, name, text = line.split(" ", 2)
        found.setdefault(name, []).append(text)
    drawn = [f.parent.name for f in new.glob("analyses/*/forest.svg")]
    moved = {name: compare_figures(old, new, name) for name in drawn}
    names = [a["id"] for a in after["analyses"]]
    names += [name for name in found if name not in names]
    differences = []
    for name in names:
        lines, figure = found.get(name, []), moved.get(name, ())
        if lines or figure:
            causes = tuple(x for x in lines if _CAUSE.match(x) or x in ("is new", "is gone"))
            numbers = tuple(x for x in lines if _NUMBER.match(x))
            others = len(lines) - len(causes) - len(numbers)
            differences.append(Difference(name, causes, numbers, others, figure))
    return tuple(differences)


def compare_figures(old: Path, new: Path, analysis: str) -> tuple[str, ...]:
    """Differences between the forest plots of one analysis in two results folders."""
    before, after = (folder / "analyses" / analysis / "forest.svg" for folder in (old, new))
    if not before.exists() or not after.exists():
        return ("is new",) if after.exists() else ("is gone",) if before.exists() else ()
    texts = before.read_text(encoding="utf-8"), after.read_text(encoding="utf-8")
    return () if texts[0] == texts[1] else tuple(compare_svg(*texts))


def _results(folder: Path) -> dict[str, list[dict[str, str]]]:
    path = folder / "results.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content.get("analyses"), list) and all("id" in a for a in content["analyses"]):
            return dict(content)
        what = "this is no results.json of metarepro"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    except (ValueError, AttributeError, TypeError):
        what = "this is no results.json of metarepro"
    fix = "Fix: name the results folder of a finished run."
    raise DataError([Problem("E001", what, str(path), details=(fix,))]) from None
