"""Slips of the keyboard and of spreadsheets: codes for missing, days for hours, mg for mg/kg, garbled letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from metarepro.evidence.dataset import Dataset, numeric_columns
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding
from metarepro.evidence.integrity.medians import median_without
from metarepro.evidence.rows import known_columns
from metarepro.evidence.tables import Arm, Continuous, Contrast, Dichotomous

MAX_LABEL = 120
_MISSING_CODE = re.compile(r"-(99|999|9999)|(999|9999|99999)", re.ASCII)
# A letter of two bytes that was read as two letters: Mueller with an umlaut becomes MÃ¼ller.
_GARBLED = re.compile("[ÂÃ][\u0080-\u00bf]|â€|\ufffd")
# Usual visits in days, none of which is usual in hours.
_VISITS = (7, 14, 21, 28, 42, 56, 84)
_TIMES_AWAY = 20


def check_entry(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """What a person who types or exports tables gets wrong without making them impossible."""
    yield from _line_ends(dataset)
    yield from _columns(dataset)
    yield from _cells(dataset)
    yield from _labels(dataset)
    yield from _days(dataset, text)
    yield from _doses(dataset, text)
    yield from _arms(dataset)


def _line_ends(dataset: Dataset) -> Iterator[Finding]:
    """Files that end their lines in two ways, as after pasting from another file; nothing is lost by it."""
    first = {row.file: row for row in reversed([*dataset.rows])}
    for file, line in dataset.mixed_ends.items():
        if file not in first:
            continue
        row = first[file].model_copy(update={"line": line})
        column = type(row).key[0]
        message = (
            "The line ends otherwise than the one before it (LF, CRLF or CR). Part of the file may have been "
            "pasted from another one."
        )
        yield finding("W031", "note", row, column, "", message, "entry", "line_ends")


def _columns(dataset: Dataset) -> Iterator[Finding]:
    """Columns of the user's own whose names are nearly those of columns that the table lacks."""
    seen: set[tuple[str, str]] = set()
    for row in dataset.rows:
        written = dataset.printed.get((row.file, row.line), {})
        absent = [c for c in known_columns(type(row)) if c not in written]
        for name in row.own:
            if (row.table, name) in seen:
                continue
            seen.add((row.table, name))
            near = get_close_matches(name.strip().lower(), absent, n=1, cutoff=0.8)
            if near:
                message = (
                    f"The column {name!r} is kept as one of your own, but is nearly {near[0]!r}, which is not there. "
                    "Rename it if that is meant; else accept this finding."
                )
                yield finding("W045", "warning", row, name, row.own[name][:60], message, "entry", "misspelt_column")


def _cells(dataset: Dataset) -> Iterator[Finding]:
    for row in dataset.rows:
        numeric = numeric_columns(type(row))
        for column, written in dataset.printed.get((row.file, row.line), {}).items():
            if column in numeric and _MISSING_CODE.fullmatch(written):
                message = (
                    f"{written} is often a code for missing. If it is, leave the cell empty, or declare it under "
                    "`csv: missing` in config.yaml."
                )
                yield finding("W032", "warning", row, column, written, message, "entry", "missing_code")
            elif column not in numeric and _GARBLED.search(written):
                message = "Letters with accents seem to have been read in the wrong encoding. Type them anew."
                yield finding("W037", "warning", row, column, written[:60], message, "entry", "encoding")


def _labels(dataset: Dataset) -> Iterator[Finding]:
    for study in dataset.studies.values():
        if len(study.label) > MAX_LABEL:
            message = f"The label has {len(study.label)} characters; figures have room for about 40 in a line."
            yield finding("W033", "note", study, "label", study.label[:60], message, "entry", "label")


def _days(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Times of one study that other studies have 24 times as large: days typed as hours."""
    times: dict[str, dict[float, set[str]]] = {}
    rows: tuple[Dichotomous | Continuous | Contrast, ...] = (
        *dataset.dichotomous, *dataset.continuous, *dataset.contrasts,
    )  # fmt: skip
    for row in rows:
        if row.timepoint_h:
            times.setdefault(row.outcome, {}).setdefault(row.timepoint_h, set()).add(row.study_id)
    for row in rows:
        hours = row.timepoint_h
        if hours not in _VISITS:
            continue
        others = times[row.outcome].get(hours * 24, set())
        elsewhere = len(others) - (row.study_id in others)
        if elsewhere >= 2 and times[row.outcome][hours] == {row.study_id}:
            message = (
                f"No other study has this outcome at {hours:g} hours, and {elsewhere} have it at {hours * 24:g}, "
                f"which is day {hours:g}. Times are hours."
            )
            yield finding("W034", "warning", row, "timepoint_h", text(row, "timepoint_h"), message, "entry", "days")


def _doses(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    doses: dict[str, list[Arm]] = {}
    for arm in dataset.arms.values():
        if arm.dose_mg_per_kg:
            doses.setdefault(arm.agent, []).append(arm)
    for arms in doses.values():
        ordered = sorted(a.dose_mg_per_kg or 0.0 for a in arms)
        by_study: dict[str, list[Arm]] = {}
        for arm in arms:
            by_study.setdefault(arm.study_id, []).append(arm)
        for arm in arms:
            dose = arm.dose_mg_per_kg or 0.0
            own = [a.dose_mg_per_kg or 0.0 for a in by_study[arm.study_id]]
            usual = median_without(ordered, own) if len(arms) - len(own) >= 2 else None
            if usual is not None and dose > _TIMES_AWAY * usual:
                message = (
                    f"{dose:g} mg/kg is {dose / usual:.0f} times the usual dose of {arm.agent} in the other "
                    f"studies ({usual:g}). Is it the dose in mg?"
                )
                written = text(arm, "dose_mg_per_kg")
                yield finding("W035", "warning", arm, "dose_mg_per_kg", written, message, "entry", "dose")


def _arms(dataset: Dataset) -> Iterator[Finding]:
    number: dict[str, int] = {}
    for arm in (a for a in dataset.arms.values() if a.file):
        number[arm.study_id] = number.get(arm.study_id, 0) + 1
        study = dataset.studies[arm.study_id]
        if arm.n_randomised and study.n_randomised and arm.n_randomised > study.n_randomised:
            message = (
                f"{arm.n_randomised} patients were randomised to the arm, but {study.n_randomised} to the study "
                f"({study.file}, line {study.line})."
            )
            yield finding("W036", "warning", arm, "n_randomised", str(arm.n_randomised), message, "entry", "arm_size")
    for study in dataset.studies.values():
        if study.design != "single_arm" and number.get(study.study_id, 0) == 1:
            message = (
                f"arms.csv has one arm of this {study.design} trial. The other arm is missing, and no comparison has "
                "it; or the design is single_arm."
            )
            yield finding("W038", "warning", study, "design", study.design, message, "entry", "one_arm")


CHECKS: tuple[Check, ...] = (check_entry,)
