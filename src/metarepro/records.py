"""Dataclasses to plain values and back: a number that does not exist is null, tuples are lists."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from functools import cache
from typing import Any


def to_plain(record: Any) -> Any:
    """A dataclass as dictionaries, lists, texts and numbers; NaN and infinities become None."""
    return clean(dataclasses.asdict(record))


def clean(value: Any) -> Any:
    """Turn NaN and infinities into None, tuples into lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Field types of a dataclass; working them out costs more than building the object."""
    return typing.get_type_hints(kind)


def from_plain(kind: Any, value: Any) -> Any:
    """Rebuild nested dataclasses from plain values, by their annotations; None becomes NaN where a float is due."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [k for k in typing.get_args(kind) if k is not type(None)]
        return None if value is None else from_plain(inner[0], value)
    if origin is tuple:
        arguments = typing.get_args(kind)
        if arguments[-1] is Ellipsis:
            return tuple(from_plain(arguments[0], v) for v in value)
        return tuple(from_plain(k, v) for k, v in zip(arguments, value, strict=True))
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        # A field that is not there has its default, or is missed by the class itself.
        given = (f.name for f in dataclasses.fields(kind) if f.name in value)
        return kind(**{name: from_plain(hints[name], value[name]) for name in given})
    if kind is float:
        return math.nan if value is None else float(value)
    return value
