"""The files of a figure read back: the words and shapes of its SVG, the rows of its CSV."""

from __future__ import annotations

import csv
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from metarepro.csv_output import as_meant

_SVG = "{http://www.w3.org/2000/svg}"
_POINT = re.compile(r"[ML]\s*(-?[\d.]+(?:e-?\d+)?)[ ,]+(-?[\d.]+(?:e-?\d+)?)")
# How far, in points, a mark may stand from where its number is: SVG rounds coordinates.
NEAR = 0.1
# Columns that hold words, even if these look like numbers (as a study called 1e5).
WORDS = frozenset({"row_kind", "label", "study_id", "group", "level", "panel"})
DECIMAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|-?inf", re.IGNORECASE)
_SIZE = re.compile(r"([\d.]+)px")
Row = dict[str, str | float | None]


@dataclass(frozen=True)
class Word:
    """A text of a picture: its kind, its place, its size in points, the row of data it belongs to."""

    text: str
    kind: str
    x: float
    y: float
    size: float
    row: int | None


@dataclass(frozen=True)
class Shape:
    """A mark of a picture: its kind, its corners, the row of data it belongs to."""

    kind: str
    points: tuple[tuple[float, float], ...]
    row: int | None


@dataclass(frozen=True)
class Picture:
    """An SVG as read back."""

    title: str
    description: str
    words: tuple[Word, ...]
    shapes: tuple[Shape, ...]
    strange: tuple[str, ...] = ()


def read_picture(path: Path) -> Picture:
    """Read an SVG that `metarepro.figures.save` wrote."""
    root = ET.parse(path).getroot()
    words, shapes = [], []
    for group in root.iter(f"{_SVG}g"):
        kind = group.get("class", "")
        if not kind.startswith("mr-"):
            continue
        row = int(group.get("data-row", "-1"))
        for text in group.iter(f"{_SVG}text"):
            x, y = _place(group, text)
            size = float(m.group(1)) if (m := _SIZE.search(text.get("style", ""))) else math.nan
            words.append(Word("".join(text.itertext()), kind[3:], x, y, size, row if row >= 0 else None))
        for shape in group.iter(f"{_SVG}path"):
            points = tuple((float(x), float(y)) for x, y in _POINT.findall(shape.get("d", "")))
            shapes.append(Shape(kind[3:], points, row if row >= 0 else None))
    strange = _strange(root)
    title, description = (root.findtext(f"{_SVG}{name}") or "" for name in ("title", "desc"))
    return Picture(title, description, tuple(words), tuple(shapes), tuple(strange))


def _strange(root: ET.Element) -> list[str]:
    """What readers see and the gate would not: texts outside the groups it reads, and shapes that are moved."""
    groups = [g for g in root.iter(f"{_SVG}g") if g.get("class", "").startswith("mr-")]
    read = {id(t) for g in groups for t in g.iter(f"{_SVG}text")}
    found = [f"text {''.join(t.itertext())!r} is in no group" for t in root.iter(f"{_SVG}text") if id(t) not in read]
    parents = {child: parent for parent in root.iter() for child in parent}
    for path in (p for g in groups for p in g.iter(f"{_SVG}path")):
        above: ET.Element | None = path
        while above is not None and above.get("transform") is None:
            above = parents.get(above)
        if above is not None:
            found.append("a shape is moved by a transform")
    return found


def _place(group: ET.Element, text: ET.Element) -> tuple[float, float]:
    """Where a text is anchored."""
    if text.get("x"):
        return float(text.get("x", "nan")), float(text.get("y", "nan"))
    for element in (text, *group.iter(f"{_SVG}g")):
        if found := re.search(r"translate\((-?[\d.]+)[ ,]+(-?[\d.]+)", element.get("transform", "")):
            return float(found.group(1)), float(found.group(2))
    return math.nan, math.nan


def read_data_csv(path: Path) -> list[Row]:
    """Rows of the CSV beside a figure; numbers as numbers, texts as they were, nothing as None."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: _value(k, v) for k, v in row.items() if k is not None} for row in csv.DictReader(file)]


def _value(name: str, text: str | None) -> str | float | None:
    if not text:
        return None
    return float(text) if name not in WORDS and DECIMAL.fullmatch(text) else as_meant(text)
