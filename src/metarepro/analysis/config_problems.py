"""A wrong setting in words: its place, what is allowed, the nearest key or value."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from metarepro.analysis.parts import MAX_LABEL
from metarepro.effects.levels import LEAST_LEVEL
from metarepro.errors import Problem
from metarepro.evidence.messages import limit_of

Places = dict[tuple[Any, ...], tuple[int, int]]


def deduplicated(problems: list[Problem]) -> list[Problem]:
    """One of each."""
    return list({str(p): p for p in problems}.values())


def place_of(path: tuple[Any, ...], places: Places) -> tuple[int, int]:
    """Line and column of a key, or of the nearest one around it."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, (0, 0))


def _fields_at(path: tuple[Any, ...], root: type[BaseModel]) -> list[str]:
    """Names of the keys allowed where an unknown key stands."""
    model: Any = root
    named = False
    for step in path:
        if named or isinstance(step, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            named = False
            continue
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        if field is None:
            return []
        model = _model_inside(field.annotation)
        # Entries of a dictionary have names of the user's own.
        named = getattr(field.annotation, "__origin__", None) is dict
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [f.alias or n for n, f in model.model_fields.items()]
    return []


def _model_inside(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_inside(inner)
        if found is not None:
            return found
    return None


def config_problem(error: Any, shown: str, places: Places, root: type[BaseModel]) -> Problem:
    """Turn one of pydantic's errors into ours, with the place of its key."""
    path, kind, context = tuple(error["loc"]), error["type"], error.get("ctx") or {}
    if context.get("key"):
        path = (*path, context["key"])
    line, column = place_of(path, places)
    name = ".".join(str(p) for p in path) or "the configuration"
    details: tuple[str, ...] = tuple(context.get("details", ()))
    value = error.get("input")
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1], root)
        near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        code, what = "E101", f"unknown key {str(path[-1])!r}"
        allowed = f"Allowed here: {', '.join(known)}."
        details = (
            (f"Fix: did you mean {near[0]!r}?",) if near else (allowed, "Fix: delete it, or move it where it belongs.")
        )
        if re.fullmatch(r"\d+", str(path[-1])) and value is None:
            details = ("Is it the end of a number with a decimal comma?", "Fix: write decimals with a point.")
    elif kind == "missing":
        code, what, details = "E101", f"the key {str(path[-1])!r} is missing", ("Fix: add it.",)
        line, column = place_of(path[:-1], places)
    elif kind == "literal_error":
        words = [w.strip("'\" ") for w in context["expected"].replace(" or ", ", ").split(", ")]
        near = _near(str(value).strip(), words)
        code, what = "E102", f"{name} = {value!r} is not allowed"
        details = (
            f"Allowed: {', '.join(words)}.",
            f"Fix: did you mean {near[0]!r}?" if near else "Fix: use one of these.",
        )
    elif kind == "string_too_long" and context.get("max_length", 0) >= MAX_LABEL:
        code, what = "E110", f"{name} has {len(str(value)):,} characters"
        details = (f"Allowed: at most {context['max_length']:,}.", "Fix: shorten it.")
    elif kind == "string_pattern_mismatch":
        code, what = "E102", f"{name} = {value!r} is not allowed"
        plain = re.sub(r"[^a-z0-9]+", "_", str(value).lower()).strip("_")[:60]
        fix = (f"Fix: write {plain}." if plain else "Fix: write a short name.",)
        details = ("Allowed: lower case letters, digits, '-' and '_', at most 60, so that it can name a folder.", *fix)
    elif kind.startswith("E"):
        code, what = kind, f"{name}: {error['msg']}" if path else error["msg"]
    else:
        written = "" if isinstance(value, dict | list) else f" (written: {_shortened(value)})"
        limit = limit_of(kind, context)
        message = f"must be {limit}" if limit else _WANTED.get(kind, error["msg"])
        if kind == "too_short" and context.get("min_length", 1) > 1:
            message = f"must name at least {context['min_length']}"
        if kind == "too_long":
            message = f"has {context['actual_length']} entries, {context['max_length']} at most"
            written = ""
        code, what = "E102", f"{name}: {message}{written}"
        details = (_fix(kind, value, path),)
    return Problem(code, what, shown, line, column, details)


_WANTED = {
    "string_type": "must be a text",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must have keys of its own",
    "model_type": "must have keys of its own",
    "model_attributes_type": "must have keys of its own",
    "too_short": "must name at least one",
    "finite_number": "must be a finite number",
}


def _near(value: str, words: list[str]) -> list[str]:
    same = [w for w in words if w.lower() == value.lower()]
    return same or get_close_matches(value, words, n=1, cutoff=0.4)


def _fix(kind: str, value: Any, path: tuple[Any, ...]) -> str:
    if value is None:
        return "Fix: write a value after the colon, or delete the key."
    if isinstance(value, int | float) and path[-1:] == ("level",) and 1 < value < 100:
        return f"Fix: write {value / 100:g}."
    if isinstance(value, int | float) and path[-1:] == ("level",) and 0 < value < LEAST_LEVEL:
        return f"Fix: did you mean {1 - value:g}? So low a level is that of a test."
    if path[-1:] == ("level",) and kind in ("greater_than_equal", "less_than"):
        return "Fix: a share between 0 and 1, such as 0.95."
    if kind == "bool_type":
        return "Fix: write true or false."
    if kind == "string_type" and isinstance(value, int | float):
        written = str(value).lower() if isinstance(value, bool) else str(value)
        return f'Fix: quote it if it is a text: "{written}".'
    if kind == "float_type" and isinstance(value, str):
        return "Fix: write the bare number, without quotes, with a decimal point."
    if kind == "too_long":
        return "Fix: keep those that matter most."
    if kind == "too_short":
        return "Fix: name at least one, or delete the key."
    return "Fix: see docs/configuration.md."


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
