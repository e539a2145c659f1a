"""What holds between rows: one word in one spelling, known scales spelt right, crossover rows with their periods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from metarepro.errors import Problem
from metarepro.evidence.integrity.scales import SCALES, find_scale, is_known_name
from metarepro.evidence.reader import Cell
from metarepro.evidence.tables import Arm, Continuous, Contrast, Dichotomous, PublishedResult, Row, Study

Cells = Mapping[int, Mapping[str, Cell]]
# What Windows keeps for devices, with any ending; and dots alone, which are folders.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|\.+")
# The second page of a figure is NAME-2.
_PAGE = re.compile(r"(.+)-\d{1,3}")
# Columns whose words are compared with each other, or with the configuration.
_WORDS = ("outcome", "scale", "agent", "diagnosis", "route")


def check_consistency(tables: Mapping[str, tuple[Row, ...]], cells: Cells) -> list[Problem]:
    """Problems that no row has alone; the rows themselves are right."""
    return [
        *_spellings(tables, cells),
        *_scales(tables, cells),
        *_periods(tables, cells),
        *_roles(tables, cells),
        *_file_names(tables, cells),
    ]


def _key(row: Mapping[str, Cell]) -> str:
    names = ("study_id", "arm_id", "experimental_arm", "outcome", "timepoint_h")
    return "row: " + ", ".join(f'{n} = "{row[n].text}"' for n in names if n in row and row[n].text)


def _spellings(tables: Mapping[str, tuple[Row, ...]], cells: Cells) -> Iterator[Problem]:
    """Words that differ by case or blanks only would be two words: the rarer one is named."""
    for column in _WORDS:
        found: dict[str, dict[str, list[Row]]] = {}
        for rows in tables.values():
            for row in rows:
                word = str(getattr(row, column, "") or "")
                if word and column in cells[id(row)]:
                    found.setdefault(re.sub(r"\s", "", word).casefold(), {}).setdefault(word, []).append(row)
        for spellings in found.values():
            if len(spellings) < 2:
                continue
            usual, *others = sorted(spellings, key=lambda w: (-len(spellings[w]), w))
            for word in others:
                row = spellings[word][0]
                cell, first = cells[id(row)][column], spellings[usual][0]
                yield Problem(
                    "E019", f"{column} {word!r} is written {usual!r} elsewhere", row.file, cell.line, cell.column,
                    (_key(cells[id(row)]), f"{usual!r}: {first.file}, line {first.line}. The two would be two words.",
                     f"Fix: write {usual!r}, or a name that differs by more than case and blanks."),
                )  # fmt: skip


def _scales(tables: Mapping[str, tuple[Row, ...]], cells: Cells) -> Iterator[Problem]:
    """Unknown scales that are one slip of the finger away from a known one; said once for each name."""
    seen: set[str] = set()
    for name in ("dichotomous", "continuous", "contrasts", "comparisons"):
        for row in tables[name]:
            scale = str(getattr(row, "scale", ""))
            if not scale or scale in seen:
                continue
            seen.add(scale)
            near = slip_of(scale)
            if near:
                cell = cells[id(row)]["scale"]
                yield Problem(
                    "E018", f"scale {scale!r} is not known, but {near!r} is", row.file, cell.line, cell.column,
                    (_key(cells[id(row)]), "Other scales are allowed, if their names cannot be mistaken for one.",
                     f"Fix: write {near!r}, or the scale's full name."),
                )  # fmt: skip


def slip_of(scale: str) -> str:
    """The known scale that the name of an unknown one is a slip of the finger away from; empty if there is none.

    Parameters
    ----------
    scale : str
    """
    if find_scale(scale) or is_known_name(scale):
        return ""
    return next((s.name for s in SCALES if _slip(scale, s.name)), "")


def _slip(one: str, other: str) -> bool:
    """Whether a letter was put in, left out, or swapped with the next. A changed letter makes another scale's name."""
    a, b = (re.sub(r"[^a-z]", "", text.casefold()) for text in (one, other))
    if min(len(a), len(b)) < 4 or a == b or abs(len(a) - len(b)) > 1:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        return longer[at + 1 :] == shorter[at:]
    return a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]


def _roles(tables: Mapping[str, tuple[Row, ...]], cells: Cells) -> Iterator[Problem]:
    """Printed effects whose first arm is the control and whose second is the experimental one."""
    arms = {(row.study_id, row.arm_id): row for row in tables["arms"] if isinstance(row, Arm)}
    for row in (*tables["contrasts"], *tables["comparisons"]):
        if not isinstance(row, Contrast):
            continue
        one, two = (arms.get((row.study_id, arm)) for arm in (row.experimental_arm, row.control_arm))
        if one is not None and two is not None and (one.role, two.role) == ("control", "experimental"):
            cell = cells[id(row)]["experimental_arm"]
            yield Problem(
                "E045", f"experimental_arm {one.arm_id!r} has the role control, and control_arm {two.arm_id!r} the "
                "role experimental", row.file, cell.line, cell.column,
                (_key(cells[id(row)]), f"Roles: {one.file}, lines {one.line} and {two.line}.",
                 "Fix: exchange the arms and turn the effect round, or correct the roles."),
            )  # fmt: skip


def _file_names(tables: Mapping[str, tuple[Row, ...]], cells: Cells) -> Iterator[Problem]:
    """Ids of printed results that cannot name files: reserved, with an ending, or taken by another one's."""
    rows = [row for row in tables["published_results"] if isinstance(row, PublishedResult)]
    seen: dict[str, PublishedResult] = {}
    for row in rows:
        seen.setdefault(row.analysis_id.casefold(), row)
    for row in rows:
        name = row.analysis_id.casefold()
        page = _PAGE.fullmatch(name)
        why = ""
        if _RESERVED.fullmatch(name):
            why = "is a name that Windows keeps for a device, or a dot alone"
        elif name.endswith((".svg", ".png", ".pdf")):
            why = "ends like a file"
        elif seen[name] is not row:
            why = f"differs from {seen[name].analysis_id!r} (line {seen[name].line}) by capitals only"
        elif page and page[1] in seen:
            why = f"would be the name of a further page of {seen[page[1]].analysis_id!r} (line {seen[page[1]].line})"
        if why:
            cell = cells[id(row)]["analysis_id"]
            fix = "Fix: another id, here and in published_inputs and config.yaml."
            yield Problem(
                "E047", f"analysis_id {row.analysis_id!r} {why}", row.file, cell.line, cell.column,
                (f'row: analysis_id = "{row.analysis_id}"', "Figures of printed results are files of that name.", fix),
            )  # fmt: skip


def _periods(tables: Mapping[str, tuple[Row, ...]], cells: Cells) -> Iterator[Problem]:
    """Rows of crossover trials: the first period alone and all periods must never be taken for each other."""
    designs = {row.study_id: row.design for row in tables["studies"] if isinstance(row, Study)}
    rows: Sequence[Row] = (
        *tables["dichotomous"], *tables["continuous"], *tables["contrasts"], *tables["comparisons"],
    )  # fmt: skip
    for row in rows:
        if not isinstance(row, Dichotomous | Continuous | Contrast) or designs.get(row.study_id) != "crossover":
            continue
        if not row.periods:
            written = cells[id(row)]
            cell = written.get("periods") or next(iter(written.values()))
            absent = () if "periods" in written else ("The table has no column 'periods'.",)
            yield Problem(
                "E038", "periods is empty, and the study is a crossover trial", row.file, cell.line, cell.column,
                (_key(written), *absent, "Allowed: first, all",
                 "Fix: say whether the number is of the first period or of all periods."),
            )  # fmt: skip
