"""A wrong cell in words: what the models refuse, with the cell's place, the row's key and a way to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from metarepro.errors import Problem
from metarepro.evidence.hints import percentage_of
from metarepro.evidence.reader import Cell, shorten

_KEY_COLUMNS = ("study_id", "arm_id", "experimental_arm", "outcome", "timepoint_h", "analysis_id", "claim_id")
_LAST_KEY = "source_id"
# Why a number may be out of its column's range.
_CAUSES = {
    "sd": "An SD of 0 would mean that all patients have one score; a negative one does not exist.",
    "se": "A standard error of 0 would be certainty; a negative one does not exist.",
    "ci_level": "Levels are in percent: 95, not 0.95.",
    "timepoint_h": "Times are hours after the start of treatment; baseline is 0.",
    "dose_mg_per_kg": "Is it the dose in mg, not in mg/kg?",
    "year": "Is it a year of publication with four digits?",
    "total": "An arm in which nobody was rated has no row.",
    "n": "An arm in which nobody was rated has no row.",
}


def cell_problem(error: Any, shown: str, named: Mapping[str, Cell]) -> Problem:
    """Turn one of pydantic's errors into ours, with the cell's place."""
    context = error.get("ctx") or {}
    column = str(context.get("column") or (error["loc"][0] if error["loc"] else ""))
    absent = column not in named
    cell = named.get(column) or Cell("", next(iter(named.values())).line, 1)
    kind, details = error["type"], tuple(context.get("details", ()))
    if kind == "literal_error":
        allowed = [w.strip("'\" ") for w in context["expected"].replace(" or ", ", ").split(", ")]
        near = get_close_matches(cell.text.strip().lower(), [a for a in allowed if a], n=1, cutoff=0.6)
        code, message = "E014", "is not an allowed word"
        details = (
            "Allowed: " + ", ".join(a or "(empty)" for a in allowed),
            f"Fix: did you mean {near[0]!r}?" if near else "Fix: use one of these words.",
        )
        if cell.text == "":
            code, message = "E010", "is empty, and it is required"
    elif kind in ("missing", "string_too_short", "float_type", "int_type"):
        code, message, details = "E010", "is empty, and it is required", ("Fix: fill it in.",)
    elif limit := limit_of(kind, context):
        code = "E013"
        message = "is out of range"
        cause = (_CAUSES[column],) if column in _CAUSES else ()
        details = (f"Allowed: {limit}.", *cause, "Fix: check the number and its unit.")
    elif kind.startswith("E"):
        code, message = kind, error["msg"]
        if message == "is not a whole number" and column == "events" and "total" in named:
            meant = percentage_of(cell.text, named["total"].text)
            details = (details[0], *meant, *(details[1:] if not meant else ("Fix: give the number of patients.",)))
    else:
        code, message = "E014", f"is not allowed ({error['msg']})"
    if absent and column:
        details = (f"The table has no column {column!r}.", *details)
    written = f" {_quoted(cell.text)}" if cell.text and code not in ("E021", "E026", "E028") else ""
    return Problem(code, f"{column}{written} {message}", shown, cell.line, cell.column, (row_key(named), *details))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


_LIMITS = {
    "greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "above"), "less_than": ("lt", "below"),
}  # fmt: skip


def limit_of(kind: str, context: Mapping[str, Any]) -> str:
    """The limit that a number broke, as in "at least 0"; empty for another kind of error."""
    if kind not in _LIMITS:
        return ""
    key, words = _LIMITS[kind]
    return f"{words} {context[key]:g}"


def row_key(named: Mapping[str, Cell]) -> str:
    """The row as its reader knows it."""
    parts = [f'{n} = "{shorten(named[n].text, 60)}"' for n in _KEY_COLUMNS if n in named and named[n].text]
    if not parts and _LAST_KEY in named:
        parts = [f'{_LAST_KEY} = "{shorten(named[_LAST_KEY].text, 60)}"']
    return "row: " + ", ".join(parts)
