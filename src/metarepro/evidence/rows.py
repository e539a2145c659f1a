"""What rows of all raw tables have in common: their place, their source, whether they may be used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar, Literal, Self

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

    file: str = Field("", exclude=True)
    line: int = Field(0, exclude=True)

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], file: str, line: int) -> Self:
        """A row of the texts of its cells; an empty cell of an optional column takes the column's default."""
        required = _required_columns(cls)
        given = {n: text for n, text in texts.items() if text != "" or n in required}
        return cls.model_validate({**given, "file": file, "line": line})

    def values(self) -> dict[str, object]:
        """The row's own columns, without its place; what a result depends on."""
        return self.model_dump()


@cache
def _required_columns(model: type[Row]) -> frozenset[str]:
    return frozenset(n for n, f in model.model_fields.items() if f.is_required())


class Sourced(Row):
    """A row that carries a number, with its provenance."""

    source_id: Id = Field(description="Where the number was read: a row of sources.csv.", min_length=1)
    source_url: str = Field(description="Address of what was read.", default="")
    locator: str = Field(description="Page, table or section.", default="")
    derivation: str = Field(description="`reported`, or how the number was computed from what is printed.", default="")
    level: Literal["primary", "secondary"] = Field(
        description="`primary`: read in the study's own paper or data; `secondary`: read in another report."
    )


class Choosable(Sourced):
    """A sourced row that may be fit for pooling or not, and may conflict with another row."""

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
