"""A run in a few lines: what was computed, the headline of each outcome, what to look at, where the page is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metarepro.analysis.result import FEW, AnalysisResult, read_results
from metarepro.changes import short_text
from metarepro.figures.wording import headline, not_used

_SHOWN = 10  # lines about what was removed
_NAMED = 3  # studies not used


def digest(folder: Path, removed: Sequence[str] = ()) -> str:
    """The results of a finished run in a few lines.

    Parameters
    ----------
    folder : Path
        Folder of the results.
    removed : sequence of str
        Lines about what the run removed.
    """

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    results = read_results((folder / "results.json").read_text(encoding="utf-8"))
    analyses = list(results.analyses)
    lines = [results.title, "", f"Computed: {_count(len(analyses), 'analysis', 'analyses')}{_audited(read)}."]
    for result in _one_an_outcome(analyses):
        # A study with a missing cell is not pooled, as its author may not know.
        unused = not_used(result, _NAMED, f"results/analyses/{result.id}/effects.csv")
        lines.append(f"  {result.title}: {headline(result)}{unused and f' {unused}'}")
    lines.append(_findings(read("integrity.json")["findings"]))
    changed = short_text(read("changes.json"))
    lines += [changed] if changed else []
    lines += removed[:_SHOWN]
    lines += [f"... and {len(removed) - _SHOWN} more: results/logs"] if len(removed) > _SHOWN else []
    lines.append(f"The report: {(folder / 'report.html').resolve()}")
    return "\n".join(lines)


def as_markdown(text: str) -> str:
    """The lines of `digest` as Markdown: the title as a heading, results as a list."""
    title, *lines = text.splitlines()
    listed = (f"- {line[2:]}" if line.startswith("  ") else f"\n{line}\n" for line in map(_escaped, lines) if line)
    return f"## {_escaped(title)}\n" + "\n".join(listed) + "\n"


def _escaped(line: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", line)


def _audited(read: Any) -> str:
    printed = read("reproduction.json")["targets"]
    claims = read("claims.json")["claims"]
    parts = []
    if printed:
        verdicts = Counter(t["verdict"] for t in printed)
        listed = "; ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
        parts.append(f"{_count(len(printed), 'printed result')} ({listed})")
    if claims:
        parts.append(_count(len(claims), "claim"))
    return "".join(f"; {p}" for p in parts)


def _one_an_outcome(analyses: list[AnalysisResult]) -> list[AnalysisResult]:
    """Of each outcome its primary analysis, else the first that pools three studies or more, else the first."""
    first: dict[str, AnalysisResult] = {}
    for a in analyses:
        known = first.get(a.outcome)
        if known is not None and known.primary:
            continue
        if known is None or a.primary or (_pooled(a) > FEW >= _pooled(known)):
            first[a.outcome] = a
    return list(first.values())


def _pooled(result: AnalysisResult) -> int:
    return result.summary.k if result.summary else 0


def _findings(found: list[dict[str, Any]]) -> str:
    open_ones = [f for f in found if not f["accepted"]]
    if not open_ones:
        return "No contradiction was found in the tables."
    sure = sum(f["severity"] == "warning" for f in open_ones)
    counts = f"{_count(sure, 'warning')} and {_count(len(open_ones) - sure, 'note')}"
    return f"To look at: {counts} on what does not fit in the tables: {Path('results/integrity.csv')}"


def _count(number: int, thing: str, things: str = "") -> str:
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"
