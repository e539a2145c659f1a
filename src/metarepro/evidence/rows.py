"""What rows of all raw tables have in common: their place, their source, whether they may be used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from metarepro.evidence.cells import Flag, Id, Remark


def fail(code: str, column: str, message: str, *details: str) -> PydanticCustomError:
    """What a model refuses: code of ours, column, message, further lines."""
    return PydanticCustomError(code, message, {"column": column, "details": list(details)})


class Row(BaseModel):
    """A row of a raw table, with the place where it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    table: ClassVar[str] = ""
    key: ClassVar[tuple[str, ...]] = ()
    # Columns of texts that are numbers as printed, so that their digits are kept.
    as_printed: ClassVar[frozenset[str]] = frozenset()
    # Whether the table may have columns of the user's own.
    takes_own: ClassVar[bool] = False

    file: str = Field("", exclude=True)
    line: int = Field(0, exclude=True)
    # Texts of the user's own columns.
    own: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], file: str, line: int) -> Self:
        """A row of the texts of its cells; an empty cell of an optional column takes the column's default."""
        known, required = known_columns(cls), _required_columns(cls)
        given: dict[str, Any] = {n: x for n, x in texts.items() if n in known and (x != "" or n in required)}
        own = {n: x for n, x in texts.items() if n not in known}
        return cls.model_validate({**given, "own": own, "file": file, "line": line})

    def cell(self, column: str) -> Any:
        """Value of a column, or text of one of the user's own; None where there is none.

        Raises
        ------
        KeyError
            The table has no such column.
        """
        if column in known_columns(type(self)):
            return getattr(self, column)
        return self.own[column] or None

    def values(self) -> dict[str, object]:
        """The row's own columns, without its place; what a result depends on."""
        return self.model_dump()


@cache
def known_columns(model: type[Row]) -> dict[str, bool]:
    """Columns of a table, and whether each is required."""
    return {n: f.is_required() for n, f in model.model_fields.items() if n not in _NO_COLUMNS}


# What a row knows besides its cells.
_NO_COLUMNS = ("file", "line", "own")


@cache
def _required_columns(model: type[Row]) -> frozenset[str]:
    return frozenset(n for n, f in model.model_fields.items() if f.is_required())


class Sourced(Row):
    """A row that carries a number, with its provenance; `source` in config.yaml gives what all rows share."""

    source_id: Id = Field(description="Where the number was read: a row of sources.csv, if there is one.", default="")
    source_url: str = Field(description="Address of what was read.", default="")
    locator: str = Field(description="Page, table or section.", default="")
    derivation: str = Field(description="`reported`, or how the number was computed from what is printed.", default="")
    level: Literal["primary", "secondary", ""] = Field(
        description="`primary`: read in the study's own paper or data; `secondary`: read in another report; empty: "
        "not stated.",
        default="",
    )


class Choosable(Sourced):
    """A sourced row that may be fit for pooling or not, and may conflict with another row."""

    takes_own: ClassVar[bool] = True

    poolable: Flag = Field(description="`yes`, or `no` when the number must not enter a pooled estimate.", default=True)
    poolable_reason: str = Field(description="Why not poolable; needed when `poolable` is `no`.", default="")
    conflict: str = Field(
        description="Id shared by rows of which one counts: values of one quantity by several sources, or several "
        "scales of one outcome; else empty.",
        default="",
    )
    chosen: Flag = Field(description="Whether this row of its conflict is used; exactly one is.", default=True)
    choice_reason: str = Field(description="Why this row is used or not; needed in a conflict.", default="")
    remark: Remark = Field(description="Caution printed beside the study wherever the row is used.", default="")

    @model_validator(mode="after")
    def _reasons(self) -> Self:
        if not self.poolable and not self.poolable_reason:
            raise fail("E026", "poolable_reason", "is empty although poolable is no", "Fix: say why not to pool it.")
        if self.conflict and not self.choice_reason:
            raise fail("E026", "choice_reason", "is empty for a row in a conflict", "Fix: say why it is used or not.")
        if not self.chosen and not self.conflict:
            raise fail(
                "E025", "conflict", "is empty although chosen is no", "Fix: give the rows that compete one conflict id."
            )
        return self
