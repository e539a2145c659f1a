"""Likely causes: what a text that is no number was probably meant to be, and how to mend it."""

from __future__ import annotations

import re
import unicodedata

ALLOWED_NUMBER = "Allowed: a number with a decimal point, or an empty cell."
ALLOWED_COUNT = "Allowed: a whole number in plain digits, such as 12, or an empty cell."
LEAVE_EMPTY = "Fix: leave the cell empty when the number is missing."

# Blanks that look like the one of the keyboard; no part of a number or of a word that others must match.
ODD_BLANKS = re.compile("[\u00a0\u00ad\u2000-\u200a\u202f\u205f\u3000]")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|mrz|mär|mai|okt|dez)[a-zä]*\.?"  # English and German
# What a spreadsheet shows instead of "1-2" or "3/4".
DATE = re.compile(
    rf"\d{{1,2}}[-. ]{{1,2}}{_MONTH}([-. ]\d{{2,4}})?|{_MONTH}[-. ]\d{{1,4}}|\d{{4}}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?"
    r"|\d{1,2}[./]\d{1,2}[./](\d{2}|\d{4})",
    re.I,
)
_TIME = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[ap]m)?", re.I)
_MISSING = frozenset(
    (
        "na",
        "n/a",
        "n.a.",
        "nan",
        "none",
        "null",
        "nil",
        "-",
        "--",
        "–",
        "—",
        ".",
        "..",
        "...",
        "?",
        "inf",
        "infinity",
        "missing",
        "nr",
        "n.r.",
        "nd",
        "n.d.",
        "#n/a",
        "#null!",
    )
)
_PLAIN = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_BLANK = " \u00a0\u2009\u202f"
_THOUSANDS = re.compile(rf"[+-]?\d{{1,3}}(?:(?P<mark>[{_BLANK}'’.,])\d{{3}})(?:(?P=mark)\d{{3}})*(?:[.,]\d+)?")
_LETTERS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "S": "5", "B": "8"})


def _quoted(text: str) -> str:
    """A word as YAML takes it for a text: some look like a list, a null or a number."""
    word = text.strip()
    plain = re.fullmatch(r"[A-Za-z][A-Za-z.]*", word) and word.lower() not in _YAML
    return word if plain else f'"{word}"'


_YAML = ("null", "nan", "none", "yes", "no", "on", "off", "true", "false")


def why_not_a_number(text: str, whole: bool = False) -> tuple[str, ...]:
    """The likely cause and the way to mend it, for the text of a cell that is no number, or no whole one."""
    low = text.strip().lower()
    if whole and re.fullmatch(r"(19|20)\d\d ?[a-f]", low):
        return (f"Is it a year with a letter? Fix: write {low[:4]}, and put the letter into label.",)
    for likely in (_separators, _spreadsheet, _characters, _several):
        found = likely(text)
        if found:
            return found
    if low in _MISSING or low.startswith("not "):
        if low.startswith("inf"):
            return (LEAVE_EMPTY,)
        fix = f"set `csv: {{missing: [{_quoted(text)}]}}` in config.yaml."
        declared = f"If {text.strip()} stands for missing throughout: {fix}"
        return (LEAVE_EMPTY, declared)
    if low.endswith(("%", "percent", "per cent")):
        return ("Fix: give the count or the plain number, not a percentage.",)
    unit = re.fullmatch(rf"({_PLAIN}) ?([A-Za-zµ][A-Za-zµ/.]*)", text.strip())
    if unit and not re.fullmatch(r"[eE]|[OolISB]+", unit[2]):
        return (
            f"Is {unit[2]!r} a unit? The unit of the column is fixed; data/README.md names it.",
            "Fix: convert the number if its unit is another, and write it without the unit.",
        )
    if re.search(r"[<>~≈≤≥*?†‡=]", text):
        return ("Fix: give the bare number; put the remark in `derivation` or `notes`.",)
    meant = text.translate(_LETTERS)
    if meant != text and re.fullmatch(_PLAIN, meant):
        return (f"Is a letter typed for a digit? Fix: write {meant}.",)
    return ("Fix: type the number anew, or leave the cell empty.",)


def _separators(text: str) -> tuple[str, ...]:
    """Decimal commas and thousands separators."""
    if re.fullmatch(r"[+-]?\d+,\d{3}", text):
        return (
            f"A comma is ambiguous. Fix: write {text.replace(',', '')}, or {text.replace(',', '.')} for the fraction.",
        )
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return (
            f"A comma is ambiguous. Fix: write {text.replace(',', '.')} or {text.replace(',', '')}.",
            'If the whole file has decimal commas: set `csv: {decimal: ","}` in config.yaml.',
        )
    thousands = _THOUSANDS.fullmatch(text)
    if thousands:
        whole = text.replace(thousands["mark"], "").replace(",", ".")
        return (f"Is {thousands['mark']!r} a thousands separator? Fix: write {whole}.",)
    if re.fullmatch(r"[+-]?\d*\.\d*(\.\d*)+", text) and not DATE.fullmatch(text):
        return ("It has more than one decimal point. Fix: keep one.",)
    return ()


def _spreadsheet(text: str) -> tuple[str, ...]:
    """What spreadsheets make of numbers."""
    if DATE.fullmatch(text.strip()):
        return (
            "A spreadsheet turned this into a date: 1-2 becomes 1 February, 3.4 becomes 3 April.",
            "Fix: format the column as text, then type the number anew from the source.",
        )
    if _TIME.fullmatch(text.strip()):
        return ("Is this a ratio or a time of day? Fix: write one plain number, times in hours (1.5 for 1:30).",)
    if re.fullmatch(r"#(div/0!|ref!|value!|name\?|num!|spill!|n/a|null!|wert!|zahl!|bezug!)|#+", text.strip(), re.I):
        return (f"A spreadsheet's formula failed here, or its column is too narrow. {LEAVE_EMPTY}",)
    if re.match(r"[=@]|[+-] *[A-Za-z(]|[+-]?\d+ *[-+*^] *\d", text) and not re.fullmatch(r"\d+ ?- ?\d+", text):
        return ("This is a formula, which is not computed. Fix: write its result.",)
    return ()


def _characters(text: str) -> tuple[str, ...]:
    """Characters that look like those of a number."""
    plain = unicodedata.normalize("NFKC", text)
    odd = next((c for c in text if ord(c) > 127), "")
    name = f"U+{ord(odd):04X}" if odd else ""
    if re.fullmatch(rf"[−–—‐‑‒]{_PLAIN[5:]}", plain):
        return (f"The minus sign is another character, {name}. Fix: write -{plain[1:]}.",)
    if re.fullmatch(r"[+-]?\d+[·˙⋅∙]\d+", text):
        return (f"The decimal point is another character, {name}. Fix: write {re.sub('[·˙⋅∙]', '.', text)}.",)
    if any(c.isdigit() and ord(c) > 127 for c in text):
        digits = "".join(str(unicodedata.digit(c, c)) for c in plain)
        written = (
            f"Fix: write {digits}."
            if re.fullmatch(_PLAIN, digits) and all(c.isdecimal() or not c.isdigit() for c in text)
            else "Fix: type the number anew."
        )
        return (f"A digit is a character of another script or a small digit, {name}. {written}",)
    if text != text.strip() and re.fullmatch(_PLAIN, text.strip()):
        return (f"There are blanks or line breaks inside the quotes. Fix: write {text.strip()}.",)
    if re.fullmatch(r"[+-]?\d+(_\d+)+|0[xob][0-9a-f]+", text, re.I):
        return (f"This is how programs write {int(text, 0)}. Fix: write {int(text, 0)}.",)
    return ()


def _several(text: str) -> tuple[str, ...]:
    """Two numbers in one cell."""
    text = text.strip()
    if re.fullmatch(rf"\({_PLAIN}\)", text):
        return (f"Do the brackets mean a negative number? Fix: write -{text[1:-1]}, or {text[1:-1]}.",)
    link = r"(\s*(±|\+/-|\+-|/|–|—|-|to|bis|;|,|of)\s*|\s*[(\[]\s*)"
    if re.fullmatch(rf"{_PLAIN}%?{link}{_PLAIN}\s*%?(\s*(to|-|–|,|;)\s*{_PLAIN}\s*%?)?\s*[)\]]?", text):
        return ("There is more than one number in the cell. Fix: one number in a cell; each has its own column.",)
    return ()


def why_not_a_count(text: str, value: float) -> tuple[str, ...]:
    """The same for the text of a count cell that is a number, though no count."""
    if re.fullmatch(r"-0*(9|99|999|9999|88|888|77|777)(\.0*)?", text):
        return (ALLOWED_COUNT, f"Is {text} a code for missing? Fix: leave the cell empty.")
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", text) and not text.startswith("0"):
        return (
            ALLOWED_COUNT,
            f"Is the point a thousands separator? Fix: write {text.replace('.', '')}.",
        )
    if value > 10_000_000:
        return (ALLOWED_COUNT, "Fix: check the digits; is it an id or two numbers in one?")
    if value == int(value) and value >= 0:
        return (ALLOWED_COUNT, f"Fix: write {int(value)}.")
    if value < 0:
        return (ALLOWED_COUNT, "Fix: give the number of patients.")
    return (ALLOWED_COUNT, "Did you give a percentage or a rate? Fix: give the number of patients.")


def percentage_of(text: str, total: str) -> tuple[str, ...]:
    """What a count that is no whole number would be if it were a percentage, or a share, of the total beside it."""
    if not re.fullmatch(_PLAIN, text) or not re.fullmatch(r"\d{1,6}", total) or not 0 < float(text) <= 100:
        return ()
    share = float(text) if float(text) < 1 else float(text) / 100
    written = text if float(text) < 1 else f"{text}%"
    return (f"Percentage instead of a count? {written} of {total} would be {round(share * int(total))} patients.",)
