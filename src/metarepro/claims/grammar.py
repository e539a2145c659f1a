"""The grammar of rules: from a text to a tree, and nothing is ever run.

rules      = rule { ";" rule }
rule       = ( comparison { "and" comparison } | "otherwise" ) "->" verdict
comparison = sum ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) sum [ "+-" number ]
| sum ( "is" | "is not" ) ( word | quoted text )
sum        = product { ( "+" | "-" ) product }
product    = factor { ( "*" | "/" ) factor }
factor     = number [ "%" ] | quantity "(" argument { "," argument } ")" | "(" sum ")"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from metarepro.claims.result import VERDICTS, ClaimVerdict
from metarepro.evidence.integrity.printed import decimals_of

MOST_CHARACTERS = 2000
MOST_NESTED = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d+)?|\.\d+)%?)|(?P<text>\"[^\"]*\")|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>->|\+-|\u00b1|<=|>=|!=|[-=<>+*/(),;]))",
    re.ASCII,
)
RELATIONS = ("=", "!=", "<", "<=", ">", ">=")


class RuleError(ValueError):
    """A rule that cannot be read: what is wrong, and at which character of it (from 1)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message, self.position = message, position


@dataclass(frozen=True)
class Literal:
    """A number as written; `half` is half a unit of its last digit, so `64%` stands for 63.5% to 64.5%."""

    value: float
    half: float
    text: str


@dataclass(frozen=True)
class Call:
    """A quantity and its arguments."""

    name: str
    arguments: tuple[str, ...]
    text: str
    position: int


@dataclass(frozen=True)
class Operation:
    """Two terms and `+`, `-`, `*` or `/`."""

    sign: str
    left: Term
    right: Term


Term = Literal | Call | Operation


@dataclass(frozen=True)
class Comparison:
    """Two terms and how they compare, or a term and a text (`is`, `is not`)."""

    relation: str
    left: Term
    right: Term | str
    tolerance: Literal | None
    text: str


@dataclass(frozen=True)
class Rule:
    """Comparisons that must all hold (none: it always does), and the verdict then."""

    comparisons: tuple[Comparison, ...]
    verdict: ClaimVerdict
    text: str


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read the rules of a claim; the first that holds decides.

    Raises
    ------
    RuleError
        What is wrong, and at which character.
    """
    if len(text) > MOST_CHARACTERS:
        raise RuleError(f"the rule has over {MOST_CHARACTERS} characters", MOST_CHARACTERS)
    return _Parser(text).rules()


def parse_conditions(text: str) -> tuple[Comparison, ...]:
    """Read a condition: comparisons with `and` between them, and no verdict.

    Raises
    ------
    RuleError
        What is wrong, and at which character.
    """
    if len(text) > MOST_CHARACTERS:
        raise RuleError(f"the condition has over {MOST_CHARACTERS} characters", MOST_CHARACTERS)
    return _Parser(text).conditions()


def parse_finding(text: str) -> tuple[str | Term, ...]:
    """Read a sentence with quantities in braces: texts and terms in turn.

    Raises
    ------
    RuleError
        As for `parse_rules`, or a brace without its partner.
    """
    parts: list[str | Term] = []
    at = 0
    while at < len(text):
        opened = text.find("{", at)
        closed = text.find("}", at)
        if closed >= 0 and (opened < 0 or closed < opened):
            raise RuleError("a closing brace without an opening one", closed + 1)
        if opened < 0:
            parts.append(text[at:])
            break
        if closed < 0:
            raise RuleError("an opening brace without a closing one", opened + 1)
        parts.append(text[at:opened])
        parts.append(_Parser(text[opened + 1 : closed], opened + 1).only_term())
        at = closed + 1
    return tuple(p for p in parts if p != "")


def calls_of(term: Term | str) -> tuple[Call, ...]:
    """All quantities of a term."""
    if isinstance(term, Operation):
        return (*calls_of(term.left), *calls_of(term.right))
    return (term,) if isinstance(term, Call) else ()


def _named(token: str) -> str:
    return repr(token) if token else "the end"


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, offset: int = 0) -> None:
        self.text, self.at, self.offset, self.depth = text, 0, offset, 0

    def rules(self) -> tuple[Rule, ...]:
        found = [self._rule()]
        while self._peek() == ";":
            self._next()
            if not self._peek():
                break
            found.append(self._rule())
        if self._peek():
            self._fail(f"{self._peek()!r} is not expected here", "expected ';' or the end")
        for rule in found[:-1]:
            if not rule.comparisons:
                self._fail("`otherwise` must be the last rule", "")
        return tuple(found)

    def conditions(self) -> tuple[Comparison, ...]:
        found = self._joined()
        if self._peek():
            self._fail(f"{self._peek()!r} is not expected here", "expected `and` or the end")
        return tuple(found)

    def _joined(self) -> list[Comparison]:
        found = [self._comparison()]
        while self._peek() == "and":
            self._next()
            found.append(self._comparison())
        return found

    def only_term(self) -> Term:
        term = self._sum()
        if self._peek():
            self._fail(f"{self._peek()!r} is not expected here", "expected the closing brace")
        return term

    def _rule(self) -> Rule:
        start = self.at
        comparisons: list[Comparison] = []
        if self._peek() == "otherwise":
            self._next()
        else:
            comparisons += self._joined()
        if self._peek() != "->":
            self._fail(f"{_named(self._peek())} is not expected here", "expected `and`, or `-> verdict`")
        self._next()
        words_at = self.at
        words = re.match(r"[^;]*", self.text[self.at :])
        assert words is not None
        self.at += words.end()
        verdict = " ".join(words.group().replace("_", " ").split())
        for known in VERDICTS:
            if verdict == known:
                return Rule(tuple(comparisons), known, self.text[start : self.at].strip())
        self.at = words_at
        raise self._error(f"{verdict!r} is no verdict", f"allowed: {', '.join(VERDICTS)}")

    def _comparison(self) -> Comparison:
        start = self.at
        left = self._sum()
        relation = self._peek()
        if relation == "is":
            self._next()
            if self._peek() == "not":
                self._next()
                relation = "is not"
            token, kind = self._look()
            if kind not in ("text", "name"):
                self._fail("a word or a quoted text must follow `is`", "")
            self._next()
            return Comparison(relation, left, token.strip('"'), None, self.text[start : self.at].strip())
        if relation not in RELATIONS:
            self._fail(f"{_named(relation)} is not expected here", f"expected {', '.join(RELATIONS)} or `is`")
        self._next()
        right = self._sum()
        tolerance = None
        if self._peek() in ("+-", "\u00b1"):
            self._next()
            tolerance = self._number()
        return Comparison(relation, left, right, tolerance, self.text[start : self.at].strip())

    def _sum(self) -> Term:
        term = self._product()
        while self._peek() in ("+", "-"):
            sign, _ = self._next()
            term = Operation(sign, term, self._product())
        return term

    def _product(self) -> Term:
        term = self._factor()
        while self._peek() in ("*", "/"):
            sign, _ = self._next()
            term = Operation(sign, term, self._factor())
        return term

    def _factor(self) -> Term:
        token, kind = self._look()
        if kind == "number":
            return self._number()
        if token == "-":
            self._next()
            number = self._number()
            return Literal(-number.value, number.half, f"-{number.text}")
        if token == "(":
            self.depth += 1
            if self.depth > MOST_NESTED:
                self._fail(f"more than {MOST_NESTED} brackets in each other", "")
            self._next()
            inner = self._sum()
            if self._peek() != ")":
                self._fail("a bracket is not closed", "expected ')'")
            self._next()
            self.depth -= 1
            return inner
        if kind == "name" and token not in ("and", "is", "not", "otherwise"):
            return self._call()
        raise self._error(f"{_named(token)} is not expected here", "expected a number or a quantity")

    def _number(self) -> Literal:
        token, kind = self._look()
        if kind != "number":
            self._fail(f"{_named(token)} is not a number", "")
        self._next()
        digits = token.rstrip("%")
        scale = 100.0 if token.endswith("%") else 1.0
        return Literal(float(digits) / scale, 0.5 / 10 ** decimals_of(digits) / scale, token)

    def _call(self) -> Call:
        self._skip()
        start = self.at
        name, _ = self._next()
        if self._peek() != "(":
            self._fail(f"{name!r} is not expected here", "a quantity has its arguments in brackets; texts follow `is`")
        self._next()
        inside = re.compile(r"[^()]*").match(self.text, self.at)
        assert inside is not None
        self.at = inside.end()
        if self.at >= len(self.text) or self.text[self.at] != ")":
            self._fail("a bracket is not closed", "expected ')'")
        self.at += 1
        arguments = tuple(a.strip().strip('"') for a in inside.group().split(",")) if inside.group().strip() else ()
        return Call(name, arguments, self.text[start : self.at], self.offset + start + 1)

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _look(self) -> tuple[str, str]:
        """The next token and its kind, without taking it."""
        self._skip()
        if self.at >= len(self.text):
            return "", ""
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            self._fail(f"{self.text[self.at]!r} is not allowed here", "")
        kind = str(found.lastgroup)
        return found.group(kind), kind

    def _peek(self) -> str:
        return self._look()[0]

    def _next(self) -> tuple[str, str]:
        token, kind = self._look()
        self.at += len(token)
        return token, kind

    def _error(self, message: str, expected: str) -> RuleError:
        self._skip()
        text = f"{message}: {expected}" if expected else message
        return RuleError(text, self.offset + min(self.at, len(self.text)) + 1)

    def _fail(self, message: str, expected: str) -> NoReturn:
        raise self._error(message, expected)
