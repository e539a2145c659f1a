"""Dataclasses to plain values and back: a number that does not exist is null, tuples are lists."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from metarepro.notes import Note

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class _NullIsNan:
    """What reads a null as NaN."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: Any) -> Any:
        """Put null before the number."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(lambda x: math.nan if x is None else x, handler(source))

    @staticmethod
    def __get_pydantic_json_schema__(_schema: Any, _handler: Any) -> dict[str, Any]:
        """A number, or null where it does not exist."""
        return {"type": ["number", "null"]}


# A number in a result: NaN where it does not exist, which is null in JSON.
Number = Annotated[float, _NullIsNan()]


def to_plain(record: Any) -> Any:
    """A dataclass as dictionaries, lists, texts and numbers; NaN and infinities become None."""
    if dataclasses.is_dataclass(record):
        return {f.name: to_plain(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, Note):
        return {"code": record.code, "values": record.values, "text": str(record)}
    if isinstance(record, float):
        return record if math.isfinite(record) else None
    if isinstance(record, dict):
        return {k: to_plain(v) for k, v in record.items()}
    return [to_plain(v) for v in record] if isinstance(record, list | tuple) else record


def to_json_text(record: Any) -> str:
    """JSON text of a dataclass: numbers at full precision, a line for each."""
    return json.dumps(to_plain(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What checks and builds objects of a type; making it costs more than using it."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def from_plain(kind: Any, value: Any) -> Any:
    """Rebuild nested dataclasses from plain values, by their annotations; None becomes NaN where a `Number` is due.

    Raises
    ------
    pydantic.ValidationError
        Something is missing, or of another type than its annotation says.
    """
    return adapter(kind).validate_python(value)
