"""How tables are written, as the configuration declares it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from metarepro.analysis.parts import Part, Words, fail
from metarepro.evidence.reader import Dialect


class Csv(Part):
    """How tables are written; what is left out is as in plain CSV."""

    delimiter: str = Field(",", min_length=1, max_length=1, description="Character between cells.")
    decimal: Literal[".", ","] = Field(".", description="Decimal sign.")
    encoding: str = Field("utf-8", description="Encoding: utf-8, cp1252, utf-16 ...")
    missing: Words = Field((), description="What stands for a missing number, besides an empty cell.")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.delimiter in "\"' .+-_\r\n\0" or self.delimiter == self.decimal or self.delimiter.isalnum():
            raise fail(
                "E103", f"delimiter {self.delimiter!r} cannot separate cells with decimal {self.decimal!r}",
                "Fix: delimiter: ';' with decimal: ','.", key="delimiter",
            )  # fmt: skip
        try:
            # Not only known, but one of texts: `rot13` and `base64` are codecs, too.
            b"a".decode(self.encoding)
        except UnicodeError:
            pass  # one letter is no text of UTF-16
        except (LookupError, ValueError):
            raise fail(
                "E102", f"encoding {self.encoding!r} is unknown", "Fix: utf-8, cp1252 or utf-16.", key="encoding"
            ) from None
        if "0" in self.missing:
            raise fail(
                "E102", "'0' cannot stand for a missing number: every arm without an event would be lost",
                "Fix: leave missing numbers empty in the table.", key="missing",
            )  # fmt: skip
        return self


class Tables(Csv):
    """How all tables are written, and single ones."""

    tables: dict[str, Csv] = Field(default_factory=dict, description="Tables that are written otherwise, by name.")


class Shared(Part):
    """Where numbers were read, for all rows whose own cells do not say it."""

    source_id: str = Field("", pattern=r"^[A-Za-z0-9_.\-]*$", description="Source, by id.")
    source_url: str = Field("", description="Address of what was read.")
    locator: str = Field("", description="Page, table or section.")
    level: Literal["primary", "secondary", ""] = Field(
        "", description="primary: read in the studies' own papers; secondary: in another report."
    )


class SharedByTable(Shared):
    """Where numbers were read: for all tables, and for single ones."""

    tables: dict[str, Shared] = Field(default_factory=dict, description="Tables that come from elsewhere, by name.")


def dialects_of(csv: Tables, source: SharedByTable) -> dict[str, Dialect]:
    """The declarations as the reader takes them, by table; for all others under the empty name."""
    return {
        name: _dialect(csv.tables.get(name, csv), source, source.tables.get(name))
        for name in ("", *dict.fromkeys((*csv.tables, *source.tables)))
    }


def _dialect(csv: Csv, source: Shared, own: Shared | None) -> Dialect:
    names = ("source_id", "source_url", "locator", "level")
    shared = {n: (getattr(own, n) if own else "") or getattr(source, n) for n in names}
    return Dialect(csv.delimiter, csv.decimal, csv.encoding, csv.missing, tuple((n, x) for n, x in shared.items() if x))
