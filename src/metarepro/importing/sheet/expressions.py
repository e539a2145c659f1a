"""What `--map` says: which columns of a sheet make which numbers, as `e1=tpos, n1=tpos+tneg`.

Sums, differences and products of columns and numbers, with brackets. They are read here and computed exactly; nothing
is handed to Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias

from metarepro.errors import ConfigError, Problem

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)(?![\w])|(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`"""
    r"""|'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<mark>[=,+\-*()]))"""
)
_DEPTH = 50


@dataclass(frozen=True)
class Column:
    """A column of the sheet, and where it is named."""

    name: str
    at: int


@dataclass(frozen=True)
class Constant:
    """A number."""

    value: Decimal


@dataclass(frozen=True)
class Words:
    """A text that holds for all rows."""

    text: str


@dataclass(frozen=True)
class Operation:
    """Two expressions joined by +, - or *."""

    sign: str
    left: Expression
    right: Expression


Expression: TypeAlias = Column | Constant | Words | Operation


@dataclass(frozen=True)
class Assignment:
    """What a target is made of.

    Attributes
    ----------
    expression : Expression
    text : str
        As written.
    at : int
        Where the target stands in the map, from 0.
    """

    expression: Expression
    text: str
    at: int = 0


def parse_map(text: str) -> dict[str, Assignment]:
    """Targets and their expressions.

    Parameters
    ----------
    text : str
        Such as ``study=author, e1=tpos, n1=tpos+tneg, e2=`Events control` ``.

    Raises
    ------
    ConfigError
        E102: it cannot be read; the place is shown.
    """
    return _Parser(text).assignments()


def columns_of(expression: Expression) -> list[Column]:
    """Columns of an expression, in their order."""
    if isinstance(expression, Operation):
        return [*columns_of(expression.left), *columns_of(expression.right)]
    return [expression] if isinstance(expression, Column) else []


def compute(expression: Expression, number: Callable[[str], Decimal | None]) -> Decimal | None:
    """Value of an expression; None if one of its columns is empty.

    Parameters
    ----------
    expression : Expression
    number : callable
        Value of a column, None where it is empty.
    """
    if isinstance(expression, Column):
        return number(expression.name)
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Words):
        return None
    left, right = compute(expression.left, number), compute(expression.right, number)
    if left is None or right is None:
        return None
    if expression.sign == "*":
        return left * right
    return left + right if expression.sign == "+" else left - right


def name_in_map(column: str) -> str:
    """A column as `--map` takes it: in backticks if it is no plain word."""
    return column if re.fullmatch(r"[^\W\d][\w.]*", column) else f"`{column}`"


def refuse_map(text: str, at: int, what: str, *details: str, code: str = "E102") -> NoReturn:
    """Refuse a map, with the place marked below it."""
    start = max(0, at - 50)
    shown = text[start : start + 90]
    raise ConfigError([Problem(code, f"--map: {what}", details=(shown, f"{' ' * (at - start)}^", *details))])


class _Parser:
    """One pass over the tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            start = at + len(text[at:]) - len(text[at:].lstrip())
            if found is None:
                self._refuse_character(start)
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind], start))
            at = found.end()
        self.tokens.append(("end", "", len(text.rstrip())))
        self.next = 0

    def _refuse_character(self, at: int) -> NoReturn:
        odd = self.text[at]
        fix = "Fix: a column whose name is no plain word stands in backticks: n1=`Total 1`."
        if odd == "/":
            fix = "Allowed: + - * and brackets. Fix: multiply, as in 0.01*percent*n."
        elif odd in "`'\"":
            fix = f"Fix: close it with another {odd}."
        elif odd.isdigit():
            fix = "Fix: is it a column? Write it in backticks."
        refuse_map(self.text, at, f"{odd!r} has no meaning here", fix)

    def assignments(self) -> dict[str, Assignment]:
        found: dict[str, Assignment] = {}
        while True:
            kind, target, at = self._take()
            if kind != "name":
                fix = "Fix: write TARGET=COLUMN, TARGET=COLUMN, as in e1=events, n1=total."
                refuse_map(self.text, at, "here should be the name of a number, such as e1", fix)
            if target in found:
                refuse_map(self.text, at, f"{target} is there twice", "Fix: delete one.")
            if self._take()[1] != "=":
                refuse_map(self.text, self.tokens[self.next - 1][2], f"here should be '=', after {target}",
                           "Fix: write TARGET=COLUMN; a column with blanks stands in backticks.")  # fmt: skip
            start = self.tokens[self.next][2]
            expression = self._sum(0)
            kind, mark, end = self._take()
            written = self.text[start:end].strip()
            found[target] = Assignment(expression, written, at)
            if kind == "end":
                return found
            if mark != ",":
                fix = "Fix: a comma between two targets; a column with blanks in backticks: `Total 1`."
                refuse_map(self.text, end, f"{mark!r} cannot follow {written!r}", fix)
            if self.tokens[self.next][0] == "end":
                return found

    def _take(self) -> tuple[str, str, int]:
        token = self.tokens[self.next]
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def _sum(self, depth: int) -> Expression:
        left = self._product(depth)
        while self.tokens[self.next][1] in ("+", "-") and self.tokens[self.next][0] == "mark":
            sign = self._take()[1]
            left = Operation(sign, left, self._product(depth))
        return left

    def _product(self, depth: int) -> Expression:
        left = self._part(depth)
        while self.tokens[self.next][:2] == ("mark", "*"):
            self._take()
            left = Operation("*", left, self._part(depth))
        return left

    def _part(self, depth: int) -> Expression:
        kind, text, at = self._take()
        if kind in ("name", "quoted"):
            return Column(text.strip(), at)
        if kind == "number":
            return Constant(Decimal(text))
        if kind in ("single", "double"):
            return Words(text.strip())
        if text == "-":
            return Operation("-", Constant(Decimal(0)), self._part(depth))
        if text == "(" and depth < _DEPTH:
            inner = self._sum(depth + 1)
            if self._take()[1] != ")":
                refuse_map(self.text, at, "this bracket is not closed", "Fix: write ) where it ends.")
            return inner
        refuse_map(self.text, at, "here should be a column or a number", "Fix: complete it, as in n1=tpos+tneg.")
