"""Formulas of moderators: what they may contain. Everything else is refused before anything is computed.

formulaic hands parts of a formula to Python, which would run whatever stands there. So each part is held against a
short list first: names of columns, operators, and the functions below with numbers as their options.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, NoReturn

import numpy as np

from metarepro.errors import ConfigError, DataError

OPERATORS = ("+", ":", "*")
CONTRASTS = ("contr.treatment", "contr.sum", "contr.helmert", "contr.diff", "contr.poly", "Treatment")
# A formula longer than this, or a power, a degree or a number of degrees of freedom above this, is a slip.
LONGEST, HIGHEST = 5000, 50
ALLOWED = (
    "Allowed: columns (`in back quotes` if they hold blanks), + : * and parentheses, 1, 0 or -1 for the intercept, "
    "C(column), C(column, Treatment('reference level')), and the functions log, log2, log10, exp, sqrt, center, "
    "scale, poly, bs, cr, I(arithmetic)."
)
# Names that formulas may use and formulaic does not bring along.
CONTEXT: Mapping[str, Any] = {"sqrt": np.sqrt}

_QUOTED = re.compile(r"`([^`]*)`")
# Marks and escape codes of terminals, which formulaic puts into messages.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|[⧛⧚]")
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def _constant(node: ast.expr) -> Any:
    """A number, a text or a truth value as written; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _constant(node.operand)
        return -number if type(number) in (int, float) else None
    return node.value if isinstance(node, ast.Constant) and type(node.value) in (int, float, str, bool) else None


def _number(node: ast.expr) -> bool:
    return type(_constant(node)) in (int, float)


class _Option(NamedTuple):
    """What an option of a function may be: a test, and in words."""

    fits: Callable[[ast.expr], bool]
    words: str


def _level(node: ast.expr) -> bool:
    return _constant(node) is not None


def _list_of(fits: Callable[[ast.expr], bool]) -> Callable[[ast.expr], bool]:
    return lambda node: isinstance(node, ast.List) and len(node.elts) <= HIGHEST and all(map(fits, node.elts))


_TRUTH = _Option(lambda node: type(_constant(node)) is bool, "True or False")
_WHOLE = _Option(
    lambda node: type(_constant(node)) is int and 0 <= _constant(node) <= HIGHEST, f"a whole number, 0 to {HIGHEST}"
)
_NUMBER = _Option(_number, "a plain number")
_NUMBERS = _Option(_list_of(_number), f"a list of up to {HIGHEST} plain numbers")
_CENTRE = _Option(lambda node: bool(_constant(node) == "center"), "the text 'center'")
_LEVELS = _Option(_list_of(_level), f"a list of up to {HIGHEST} texts or numbers")
_SPLINE = {"df": _WHOLE, "knots": _NUMBERS, "lower_bound": _NUMBER, "upper_bound": _NUMBER}
# Functions of one column, with their options.
FUNCTIONS: Mapping[str, Mapping[str, _Option]] = {
    "log": {},
    "log2": {},
    "log10": {},
    "exp": {},
    "sqrt": {},
    "I": {},
    "center": {},
    "scale": {"center": _TRUTH, "scale": _TRUTH, "ddof": _WHOLE},
    "poly": {"degree": _WHOLE, "raw": _TRUTH},
    "bs": {**_SPLINE, "degree": _WHOLE, "include_intercept": _TRUTH},
    "cr": {**_SPLINE, "constraints": _CENTRE},
}
# Options that may stand without their name, in their order.
_BY_PLACE = {"poly": ("degree", "raw"), "bs": ("df", "knots", "degree"), "cr": ("df", "knots")}


def check_formula(formula: str, columns: Collection[str]) -> frozenset[str]:
    """Refuse a formula that holds anything but what this module lists; nothing of it is evaluated.

    Parameters
    ----------
    formula : str
        Right-hand side, with or without a leading ``~``.
    columns : collection of str
        Columns of the data.

    Returns
    -------
    frozenset of str
        The columns inside ``C(...)``.

    Raises
    ------
    ConfigError
        A part that is not allowed; the message shows it.
    DataError
        A column that the data do not have, or a formula that is incomplete.
    """
    if not isinstance(formula, str):
        raise ConfigError(f"formula = {formula!r} must be a text, such as 'dose + C(design)'.")
    return _Formula(formula, columns).check()


def plain(error: Exception) -> str:
    """What formulaic says, in one line without escape codes of terminals."""
    return " ".join(_COLOURS.sub("", str(error)).split())


class _Formula:
    def __init__(self, formula: str, columns: Collection[str]) -> None:
        self.formula = formula
        self.columns = columns
        self.categorical: set[str] = set()
        # Stand-ins of back-quoted columns in the expression at hand.
        self.quoted: dict[str, str] = {}

    def check(self) -> frozenset[str]:
        from formulaic.parser.algos.tokenize import tokenize

        text = self.formula.strip()
        text = text[1:] if text.startswith("~") else text
        if len(text) > LONGEST:
            raise ConfigError(f"The formula has {len(text)} characters; {LONGEST} are allowed. Fix: shorten it.")
        if "~" in text:
            raise ConfigError(f"The formula {self.formula!r} cannot be read. Give the right-hand side only. {ALLOWED}")
        if "{" in _QUOTED.sub("", text):
            self._refuse("{", "Fix: for arithmetic write I(...), as in I(dose / 2).")
        try:
            tokens = [(token.kind.value if token.kind else "", token.token) for token in tokenize(text)]
        except Exception as error:  # formulaic raises many kinds
            raise DataError(f"The formula {self.formula!r} cannot be read: {plain(error)} {ALLOWED}") from error
        before = "+"
        for place, (kind, part) in enumerate(tokens):
            after = tokens[place + 1][1] if place + 1 < len(tokens) else "+"
            if kind == "name":
                self._column(part)
            elif kind == "python":
                self._function(part)
            elif kind == "value":
                self._intercept(part, before, after)
            elif kind == "operator":
                self._operator(part, after)
            elif part not in ("(", ")"):
                self._refuse(part)
            before = part
        return frozenset(self.categorical)

    def _refuse(
        self, part: str, fix: str = "Fix: leave it out, or put the values into a column of their own."
    ) -> NoReturn:
        for name, column in self.quoted.items():
            part = part.replace(name, f"`{column}`")
        raise ConfigError(f"The formula {self.formula!r} holds {part!r}, which is not allowed. {fix} {ALLOWED}")

    def _column(self, name: str) -> None:
        if name in self.columns:
            return
        if name.startswith("__"):
            self._refuse(name)
        known = sorted(map(str, self.columns))
        near = get_close_matches(name, known, n=1)
        # The longest column that stands in the formula and is not one plain word.
        text = _QUOTED.sub("", self.formula)
        odd = max((c for c in known if not c.isidentifier() and name in c and c in text), key=len, default="")
        if odd:
            hint = f" Write `{odd}` in backticks."
        elif near:
            hint = f" Did you mean {near[0]!r}?"
        elif name in FUNCTIONS or name == "C":
            hint = f" Write {name}(column)."
        else:
            hint = ""
        raise DataError(
            f"The formula {self.formula!r} cannot be read: there is no column {name!r}.{hint} "
            f"Columns: {', '.join(known)}."
        )

    def _operator(self, part: str, after: str) -> None:
        if part in OPERATORS or (part in ("-", "+-") and after == "1"):
            return
        fix = "Fix: leave it out, or put the values into a column of their own."
        if part in ("**", "^", "/"):
            fix = f"Fix: for arithmetic write I(...), as in I(dose {'**' if part != '/' else part} 2)."
        elif part == "-":
            fix = "Fix: name the terms that you want; - is for -1 only (no intercept)."
        self._refuse(part, fix)

    def _intercept(self, part: str, before: str, after: str) -> None:
        if part not in ("0", "1") or before not in ("+", "-", "+-", "(") or after not in ("+", "-", "+-", ")"):
            self._refuse(part, "Fix: numbers stand inside of functions, as in I(2 * dose); 0, 1 or -1 between two +.")

    def _function(self, text: str) -> None:
        """One call, as in ``log(dose)``."""
        self.quoted = {}
        if "\\" in text or any(q in name for name in _QUOTED.findall(text) for q in "'\""):
            self._refuse(text, "Fix: rename the column or level; quotes and \\ are not read in names.")
        try:
            tree = ast.parse(_QUOTED.sub(self._stand_in, text).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self._refuse(text, "It cannot be read. Fix: look for a missing comma, bracket or quote.")
        if not isinstance(tree, ast.Call):
            self._refuse(text)
        self._expression(tree)

    def _stand_in(self, found: re.Match[str]) -> str:
        name = f"quoted_{len(self.quoted)}_"
        while name in self.columns:
            name += "_"
        self.quoted[name] = found[1]
        return f" {name} "

    def _expression(self, node: ast.expr) -> None:
        """A column, a number, arithmetic with them, or a function of them."""
        if isinstance(node, ast.Name):
            self._column(self.quoted.get(node.id, node.id))
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            self._expression(node.operand)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, _ARITHMETIC):
            self._expression(node.left)
            self._expression(node.right)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            self._expression(node.left)
            # A power of plain numbers alone could take for ever.
            column = any(isinstance(part, ast.Name) for part in ast.walk(node.left))
            if not column or not _number(node.right) or abs(_constant(node.right)) > HIGHEST:
                self._refuse(ast.unparse(node), f"Fix: a power is a column ** a number up to {HIGHEST}.")
        elif not _number(node):
            self._refuse(ast.unparse(node))

    def _call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in self.columns:
            self._refuse(name, f"Fix: the column {name!r} hides a function of that name; rename the column.")
        if name == "C":
            self._categories(node)
            return
        if name not in FUNCTIONS:
            last = name.rpartition(".")[2]
            near = get_close_matches(last, [*FUNCTIONS, "C"], n=1)
            self._refuse(ast.unparse(node), f"Did you mean {near[0]}(...)?" if near else "There is no such function.")
        if not node.args or isinstance(node.args[0], ast.Starred):
            self._refuse(ast.unparse(node), f"Fix: give the column first, as in {name}(dose).")
        self._expression(node.args[0])
        options, places = FUNCTIONS[name], _BY_PLACE.get(name, ())
        given = dict(zip(places, node.args[1:], strict=False))
        named = {keyword.arg or "**": keyword.value for keyword in node.keywords}
        if len(node.args) - 1 > len(places) or set(named) - set(options) or set(named) & set(given):
            known = f"Its options: {', '.join(options)}." if options else "It has no options."
            self._refuse(ast.unparse(node), f"Fix: {name}(column). {known}")
        for option, value in (given | named).items():
            if not options[option].fits(value):
                self._refuse(f"{option} = {ast.unparse(value)}", f"Fix: {option} is {options[option].words}.")

    def _categories(self, node: ast.Call) -> None:
        """``C(column)``, with contrasts and levels if wanted."""
        fix = "Fix: C(column), or C(column, Treatment('reference level'))."
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        if (
            not 1 <= len(node.args) <= 2
            or not isinstance(node.args[0], ast.Name)
            or set(named) - {"contrasts", "levels"}
        ):
            self._refuse(ast.unparse(node), fix)
        column = self.quoted.get(node.args[0].id, node.args[0].id)
        self._column(column)
        self.categorical.add(column)
        contrasts = node.args[1] if len(node.args) == 2 else named.get("contrasts")
        if contrasts is not None:
            self._contrasts(contrasts, fix)
        if "levels" in named and not _LEVELS.fits(named["levels"]):
            self._refuse(ast.unparse(named["levels"]), f"Fix: levels = ['a', 'b'], {_LEVELS.words}.")

    def _contrasts(self, node: ast.expr, fix: str) -> None:
        function = node.func if isinstance(node, ast.Call) else node
        if ast.unparse(function) not in CONTRASTS or "contr" in self.columns or "Treatment" in self.columns:
            self._refuse(ast.unparse(node), f"{fix} Contrasts: {', '.join(CONTRASTS)}.")
        if isinstance(node, ast.Call):
            options = [*node.args, *(k.value for k in node.keywords)]
            if len(options) > 1 or not all(map(_level, options)) or any(k.arg is None for k in node.keywords):
                self._refuse(ast.unparse(node), fix)
