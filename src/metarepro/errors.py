"""Typed errors: what is wrong, where it is, what is allowed, how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN_AT_MOST = 50


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input, with the place where it stands.

    Attributes
    ----------
    code : str
        Stable code; ``E...`` stops the run.
    message : str
        What is wrong, in one line.
    path : str
        File as the user knows it; empty when the data came from arrays.
    line, column : int
        Physical line and character column, counted from 1; 0 when unknown. In a sheet of a workbook row and column.
    details : tuple of str
        Further lines: the row's key, the value as written, what is allowed, how to mend it.
    """

    code: str
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = place(self.path, self.line, self.column)
        head = f"{where}: {self.code} {self.message}" if where else f"{self.code} {self.message}"
        return "\n".join([head, *(f"    {line}" for line in self.details)])


def place(path: str, line: int = 0, column: int = 0) -> str:
    """A place as messages name it: file:line:column, or file:sheet!B7 in a workbook."""
    if ".xlsx:" in path and line:
        letters, left = "", column
        while left:
            left, letter = divmod(left - 1, 26)
            letters = chr(65 + letter) + letters
        return f"{path}!{letters}{line}" if column else f"{path}!{line}:{line}"
    return ":".join([path, *(str(n) for n in (line, column) if n)]) if path else ""


class MetareproError(ValueError):
    """What every error of this package is.

    Parameters
    ----------
    problems : str or sequence of Problem
        One sentence, or all problems found; they are shown sorted by place, at most 50.
    """

    exit_code = 1

    def __init__(self, problems: str | Sequence[Problem]) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = ()
            text = problems
        else:
            self.problems = tuple(sorted(problems, key=lambda p: (p.path, p.line, p.column, p.code)))
            text = "\n".join(str(p) for p in self.problems[:SHOWN_AT_MOST])
            left = len(self.problems) - SHOWN_AT_MOST
            if left > 0:
                text += f"\n... and {left} more."
        super().__init__(text)


class DataError(MetareproError):
    """Data that cannot be what they claim to be: impossible counts, a wrong cell, a missing study."""

    exit_code = 2


class ConfigError(MetareproError):
    """A configuration, or a combination of options, that means nothing."""

    exit_code = 3
