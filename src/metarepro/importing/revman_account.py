"""What RevMan printed against what comes out here: every study's effect and interval, every total."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metarepro.analysis.result import AnalysisResult
from metarepro.csv_output import csv_text
from metarepro.importing.project import ImportedProject, write_imported
from metarepro.importing.revman_printed import agrees, decimals_of
from metarepro.importing.revman_tables import Tables

COLUMNS = (
    "analysis", "what", "study_id", "subgroup", "line", "printed", "printed_low", "printed_high", "ours", "ours_low",
    "ours_high", "agrees",
)  # fmt: skip
_LISTED = 20


@dataclass(frozen=True)
class Compared:
    """One printed effect beside ours, both with their intervals."""

    analysis: str
    what: str
    study_id: str
    subgroup: str
    line: int
    printed: tuple[str, str, str]
    ours: tuple[float, float, float]
    decimals: int

    @property
    def agrees(self) -> bool:
        """Whether all three numbers agree at the precision of the file."""
        return all(
            agrees(text, x, self.decimals) for text, x in zip(self.printed, self.ours, strict=True) if text.strip()
        )


def with_account(project: ImportedProject, made: Tables) -> ImportedProject:
    """The project with what agrees and what does not among its notes, and in `printed-effects.csv`."""
    compared = list(compare(project, made))
    if not compared:
        return project
    notes = []
    for what, words in (("study", "printed study effects with their intervals"), ("total", "printed totals")):
        own = [c for c in compared if c.what == what]
        if not own:
            continue
        wrong = [c for c in own if not c.agrees]
        notes.append(f"{len(own) - len(wrong)} of {len(own)} {words} come out (printed-effects.csv).")
        if wrong:
            listed = "; ".join(_told(c) for c in wrong[:_LISTED])
            more = f" and {len(wrong) - _LISTED} more" if len(wrong) > _LISTED else ""
            notes.append(f"These do not: {listed}{more}.")
    rows = [
        [c.analysis, c.what, c.study_id, c.subgroup, c.line, *c.printed, *c.ours, "yes" if c.agrees else "no"]
        for c in compared
    ]
    files = {**project.files, "printed-effects.csv": csv_text(COLUMNS, rows)}
    return replace(project, notes=(*notes, *project.notes), files=files)


def compare(project: ImportedProject, made: Tables) -> Iterator[Compared]:
    """Everything that the file prints, beside what its project gives."""
    from metarepro.analysis.run import run_analysis
    from metarepro.project.reading import read_project

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "p"
        write_imported(replace(project, files={}), home)
        read = read_project(home)
        config = read.config.model_copy(update={"sensitivity": ()})
        results = {a.id: run_analysis(config, a, read.data) for a in config.analyses}
    texts_of: dict[str, list[str]] = {}
    for analysis, _, entry in made.printed:
        texts_of.setdefault(analysis, []).extend(entry.numbers.get(n, "") for n in ("effect", "low", "high"))
    decimals = {analysis: decimals_of(texts) for analysis, texts in texts_of.items()}
    for analysis, study, entry in made.printed:
        texts = tuple(entry.numbers.get(n, "").strip() for n in ("effect", "low", "high"))
        if not texts[0] or all(_is_zero(t) for t in texts):
            continue
        own = next((s for s in results[analysis].studies if s.study_id == study), None)
        ours = (own.estimate, own.ci_low, own.ci_high) if own else (math.nan,) * 3
        yield Compared(analysis, "study", study, entry.subgroup, entry.line, (texts[0], texts[1], texts[2]), ours,
                       decimals[analysis])  # fmt: skip
    for part in made.parts:
        for total in part.outcome.totals:
            whole = _total(results[part.id], total.subgroup, part.subgroup)
            if whole is not None:
                printed = (total.effect, total.low, total.high)
                yield Compared(part.id, "total", "", total.subgroup, part.outcome.line, printed, whole,
                               decimals_of(printed))  # fmt: skip


def _total(result: AnalysisResult, subgroup: str, own: str) -> tuple[float, float, float] | None:
    """Our total of a subgroup, or of the whole; None where an analysis has no such total."""
    summary = next((g.summary for g in result.subgroups if g.group == subgroup), None) if subgroup else None
    if (not own and not subgroup) or (own and own == subgroup):
        summary = result.summary
    return (summary.estimate, summary.ci_low, summary.ci_high) if summary is not None else None


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0
    except ValueError:
        return text == ""


def _told(c: Compared) -> str:
    where = c.study_id or c.subgroup or "total"
    printed = f"{c.printed[0]} ({c.printed[1]} to {c.printed[2]})"
    ours = f"{c.ours[0]:.6g} ({c.ours[1]:.6g} to {c.ours[2]:.6g})" if math.isfinite(c.ours[0]) else "nothing"
    return f"{c.analysis}, {where}: printed {printed}, here {ours}"


def left_out_csv(rows: Sequence[tuple[str, str, int, str]]) -> str:
    """Rows of the file that were not taken."""
    return csv_text(("analysis", "study", "line", "reason"), rows)
