"""Reading YAML strictly, with the line of every key.

Plain YAML turns `no` into False, `012` into 10 and `1:30` into 90, and takes the last of two equal keys without a
word. A configuration that decides about medicine must not be read like that: such values are refused.
"""

from __future__ import annotations

import contextlib
import re
from copy import deepcopy
from functools import lru_cache
from typing import Any

import yaml

from metarepro.errors import ConfigError, Problem

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
MAX_DIGITS = 30

_SURPRISES = (
    (re.compile(r"(yes|no|on|off|y|n)|true|false", re.I), "is read as true or false by some programs"),
    (re.compile(r"null", re.I), "is read as no value by some programs"),
    (re.compile(r"[+-]?0[0-9]+"), "is an octal number to some programs"),
    (re.compile(r"[+-]?0[xob][0-9a-f_]+", re.I), "is a number to some programs, not in base 10"),
    (re.compile(r"[+-]?\d+(_\d+)+"), "is a number to some programs, a text to others"),
    (re.compile(r"[+-]?\.?(inf(inity)?|nan)", re.I), "is a number to some programs, though none to compute with"),
    (re.compile(r"[+-]?\d+[eE]\d+"), "is a number to some programs, a text to others"),
    (re.compile(r"\d{4}-\d\d?-\d\d?([Tt ].*)?"), "is a date to some programs, a text to others"),
    (re.compile(r"[+-]?\d+(:[0-5]?\d)+(\.\d*)?"), "is a number of base 60 to some programs"),
    (re.compile(r"\d+,\d+"), "has a comma, which YAML does not take as a decimal point"),
)
# Zero-width characters and marks of direction anywhere; odd blanks in the indentation or before a colon.
_HIDDEN = re.compile(
    "[\x80-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\u00ad]"
    "|^[ -]*[\u00a0\u2000-\u200a\u202f\u3000]|[\u00a0\u2000-\u200a\u202f\u3000](?=[^\\S\r\n]*:)",
    re.M,
)
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][+-]?[0-9]+)?")

Path = tuple[str | int, ...]


def read_yaml(text: str, shown: str) -> tuple[Any, dict[Path, tuple[int, int]]]:
    """Parse YAML text.

    Returns
    -------
    value : object
        Mappings, lists, strings, integers, floats, booleans, None.
    places : dict
        Line and column, from 1, of each key or item by its path.

    Raises
    ------
    ConfigError
        Broken YAML (E100), a key twice (E104), aliases, tags, or a value that programs read in two ways.
    """
    value, places = _read(text, shown)
    return deepcopy(value), dict(places)


@lru_cache(maxsize=4)
def _read(text: str, shown: str) -> tuple[Any, dict[Path, tuple[int, int]]]:
    """The same for callers that change nothing; each check of a configuration asks for its places again."""
    if len(text) > MAX_CHARACTERS:
        fix = "Fix: is it the right file? A configuration has some hundred lines."
        raise ConfigError([Problem("E100", f"the file has over {MAX_CHARACTERS:,} characters", shown, details=(fix,))])
    _refuse_hidden(text, shown)
    depth = 0
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
            if depth > MAX_DEPTH:  # before composing, which would run out of stack
                fix = "Fix: close a bracket, or write it flatter; no setting is that deep."
                raise _error("E100", f"nested deeper than {MAX_DEPTH}", shown, token.start_mark, fix)
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
                mark = token.start_mark
                raise _error("E100", "anchors, aliases and tags are not allowed", shown, mark, "Fix: write it out.")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        if isinstance(error, yaml.reader.ReaderError):
            line, column = _place(text, error.position)
            raise _hidden(error.character, shown, line, column) from None
        what = getattr(error, "problem", None) or "the file is not YAML"
        if what.startswith("but ") and getattr(error, "context", None):
            what = f"{error.context}, {what}"  # type: ignore[attr-defined]
        fix = "Fix: check indentation (blanks, no tabs), colons and quotes near this line."
        raise _error("E100", what, shown, place, fix) from None
    places: dict[Path, tuple[int, int]] = {}
    return (None if root is None else _value(root, (), places, shown)), places


def _refuse_hidden(text: str, shown: str) -> None:
    """Characters that make two words that look alike differ; blanks of another kind as indentation or in a key."""
    found = _HIDDEN.search(text)
    if found:
        line, column = _place(text, found.end() - 1)
        raise _hidden(found.group()[-1], shown, line, column)


def _place(text: str, at: int) -> tuple[int, int]:
    ends = list(re.finditer(r"\r\n|\n|\r", text[:at]))
    return len(ends) + 1, at - (ends[-1].end() if ends else 0) + 1


def _hidden(character: str | int, shown: str, line: int, column: int) -> ConfigError:
    number = character if isinstance(character, int) else ord(character)
    details = ("Copied from a web page or a word processor?", "Fix: type the line anew, with plain blanks.")
    what = f"an invisible or control character, U+{number:04X}"
    return ConfigError([Problem("E107", what, shown, line, column, details)])


def _error(code: str, what: str, shown: str, mark: Any, *details: str) -> ConfigError:
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    return ConfigError([Problem(code, what, shown, line, column, details)])


def _value(node: yaml.Node, path: Path, places: dict[Path, tuple[int, int]], shown: str) -> Any:
    places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if len(path) > MAX_DEPTH:
        raise _error("E100", f"nested deeper than {MAX_DEPTH}", shown, node.start_mark)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                fix = "Fix: write `key: value`, the key in one word."
                raise _error("E100", "a key must be plain text", shown, key_node.start_mark, fix)
            key = str(key_node.value)
            if key in result:
                first = places[(*path, key)][0]
                raise _error(
                    "E104", f"the key {key!r} is there twice (first in line {first})", shown, key_node.start_mark,
                    "Fix: keep one.",
                )  # fmt: skip
            places[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            result[key] = _value(value_node, (*path, key), places, shown)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, i), places, shown) for i, item in enumerate(node.value)]
    return _scalar(node, shown)


def _plainly(text: str) -> str:
    """How to write a value so that every program reads the same; empty when only quotes help."""
    low = text.lower()
    if low in ("yes", "no", "on", "off", "y", "n", "true", "false"):
        return f"write {'true' if low in ('yes', 'on', 'y', 'true') else 'false'}, or, if it is a text, "
    if re.fullmatch(r"[+-]?[0-9,_]+", text):
        number = text.replace(",", ".").replace("_", "").lstrip("+0")
        return f"write {'0' + number if number[:1] in ('', '.') else number}, or, if it is a text, "
    if re.fullmatch(r"[+-]?\d+e\d{1,2}", low):
        return f"write {int(float(text))}, or, if it is a text, "
    if low.lstrip("+-").startswith("0"):
        with contextlib.suppress(ValueError):  # 0x1f is a number, 0:30 and 0e9 are not
            return f"write {int(text, 0)}, or, if it is a text, "
    return ""


def _scalar(node: Any, shown: str) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in ("", "null", "~"):
        return None
    if text in ("true", "false"):
        return text == "true"
    for pattern, why in _SURPRISES:
        if pattern.fullmatch(text):
            fix = f'Fix: {_plainly(text)}quote it: "{text}".'
            raise _error("E102", f"{text!r} {why}", shown, node.start_mark, fix)
    if len(text) > MAX_DIGITS and _FLOAT.fullmatch(text):
        what = f"a number of {len(text):,} digits"
        raise _error("E102", what, shown, node.start_mark, f"Fix: at most {MAX_DIGITS} digits, or quote it.")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
