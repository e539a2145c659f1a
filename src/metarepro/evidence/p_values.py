"""P-values as printed: texts such as `0.03`, `p < .001` or `<0.001 (non-inferiority)`, which must be possible."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_ALLOWED = "Allowed: a number above 0 and up to 1, with < or > before it if it is so printed; words; an empty cell."
_PARTS = re.compile(
    r"p?\s*(?P<sign><=|>=|[<>=≤≥])?\s*(?P<number>-?(?:\d+(?:\.\d*)?|\.\d+))(?P<power>[eE][+-]?\d+)?\s*(?:\(.*\))?",
    re.IGNORECASE | re.ASCII,
)


def _problem(code: str, message: str, *details: str) -> PydanticCustomError:
    return PydanticCustomError(code, message, {"details": list(details)})


def parse_p_value(text: Any) -> Any:
    """A p-value as printed, unchanged; other values pass through.

    A remark may follow in brackets. A text without digits (`ns`) is a word and no number.
    """
    if not isinstance(text, str) or not re.search(r"\d", text):
        return text
    parts = _PARTS.fullmatch(text.strip())
    if parts is None:
        fix = "Fix: write the p-value as printed, with a decimal point, and a remark in brackets after it."
        raise _problem("E011", "is no p-value", _ALLOWED, fix)
    if parts["power"]:
        fix = "Fix: write its decimals, such as 0.00012 for 1.2e-4, or <0.001 if that is printed."
        raise _problem("E011", "is written with an exponent, not as printed", _ALLOWED, fix)
    sign, value = parts["sign"] or "", float(parts["number"])
    if value < 0 or parts["number"].startswith("-"):
        raise _problem("E013", "is out of range: a p-value is not negative", _ALLOWED, "Fix: look it up in the source.")
    if value > 1:
        hint = (f"Is it a percentage? {value:g} % is {value / 100:g}.",) if value <= 100 else ()
        raise _problem("E013", "is out of range: a p-value is not above 1", _ALLOWED, *hint, "Fix: look it up.")
    if value == 0:
        shown = "0" * max(len(parts["number"].partition(".")[2]), 3)
        fix = f"Fix: write <0.{shown[:-1]}1 if so many decimals are printed."
        raise _problem("E013", "is out of range: no p-value is 0, nor below it", _ALLOWED, fix)
    if value == 1 and sign in (">", ">=", "≥"):
        raise _problem("E013", "is out of range: no p-value is above 1", _ALLOWED, "Fix: write 1, or >0.99.")
    return text


PValue = Annotated[str, BeforeValidator(parse_p_value)]
