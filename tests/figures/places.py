"""Where the marks of a figure stand: against the labels of the axis below them, as a reader would measure it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metarepro.figures.page.check_files import check_files, further_pages
from metarepro.figures.page.read_back import DECIMAL, NEAR, Picture, Row, Shape, Word, read_data_csv, read_picture

PLACED = frozenset({"square", "interval", "diamond"})
# Half the largest mark: how far a mark may reach beyond its axis.
LARGE = 8.0


def check_all(stem: Path, numbers: Iterable[float] | None = None) -> list[str]:
    """What `check_files` finds, and marks that do not stand where their numbers are."""
    return check_files(stem, numbers) or check_places(stem)


def check_places(stem: Path) -> list[str]:
    """Whether squares, intervals and diamonds on all pages of a figure stand where their numbers are."""
    rows = read_data_csv(stem.with_name(f"{stem.name}.csv"))
    found = []
    for number, page in enumerate((stem.with_name(f"{stem.name}.svg"), *further_pages(stem)), 1):
        own = [r for r in rows if r.get("page", number) == number]
        found += [f"{page.name}: {fault}" for fault in misplaced_marks(read_picture(page), own)]
    return found


def misplaced_marks(picture: Picture, rows: list[Row]) -> list[str]:
    """Marks of one picture that do not stand where their numbers are."""
    return _check_places(picture, {int(n): r for r in rows if isinstance(n := r.get("row"), float)})


def _check_places(picture: Picture, rows: dict[int, Row]) -> list[str]:
    """Whether squares, intervals and diamonds stand where their numbers are, by the labels of the axis below them."""
    axes = [s for s in picture.shapes if s.kind == "axis"]
    marks = [s for s in picture.shapes if s.kind in PLACED and s.row in rows]
    # Where several axes stand beside or below each other, only rows of panels say that the nearest below is theirs.
    if len(axes) > 1:
        marks = [m for m in marks if m.row is not None and rows[m.row].get("panel")]
    found: list[str] = []
    for axis in axes if all(_is_flat(a) for a in axes) else ():
        own = [m for m in marks if _axis_of(m, axes) is axis]
        labels = [w for w in picture.words if w.kind == "tick" and _names(w, axis, axes)]
        if not own or any(_number(w.text) is None for w in labels):
            continue
        scales = _scales(labels)
        if len(labels) > 1 and not scales:
            found.append("the labels of the axis stand on no linear or logarithmic scale")
        # Whether an axis is in percent, or logarithmic with two labels, is in no attribute: what fits best is taken.
        faults: list[list[str]] = [_misplaced(own, rows, scale, axis) for scale in scales]
        found += sorted(faults, key=len)[0] if faults else []
    return found


def _is_flat(axis: Shape) -> bool:
    ys = [y for _, y in axis.points]
    return bool(ys) and max(ys) - min(ys) < NEAR


def _ends(shape: Shape) -> tuple[float, float]:
    xs = [x for x, _ in shape.points]
    return min(xs), max(xs)


def _axis_of(mark: Shape, axes: list[Shape]) -> Shape | None:
    """The nearest axis below a mark that reaches under it; the only one there is."""
    if len(axes) == 1:
        return axes[0]
    left, right = _ends(mark)
    y = max(y for _, y in mark.points)
    below = [
        a for a in axes if a.points[0][1] >= y - NEAR and _ends(a)[0] - LARGE <= left and right <= _ends(a)[1] + LARGE
    ]
    return min(below, key=lambda a: a.points[0][1], default=None)


def _names(word: Word, axis: Shape, axes: list[Shape]) -> bool:
    """Whether a label belongs to an axis: close under it, between its ends."""
    left, right = _ends(axis)
    under = word.y - axis.points[0][1]
    return len(axes) == 1 or (left - NEAR <= word.x <= right + NEAR and 0 < under < 20)


def _misplaced(marks: list[Shape], rows: dict[int, Row], scale: _Scale, axis: Shape) -> list[str]:
    low_end, high_end = _ends(axis)
    found = []
    for shape in marks:
        row = rows[shape.row or 0]
        xs = [x for x, _ in shape.points]
        square = shape.kind == "square"
        places = [(min(xs) + max(xs)) / 2] if square else [min(xs), max(xs)]
        wanted = _named(row, "estimate") if square else _ends_of(shape.kind, row)
        if wanted and not any(_stand(places, [row[n] for n in names], scale, low_end, high_end) for names in wanted):
            found.append(f"{shape.kind} of row {shape.row} does not stand at {' or '.join(map(' and '.join, wanted))}")
    return found


def _ends_of(kind: str, row: Row) -> list[tuple[str, ...]]:
    """Columns at which a mark may end: of a pooled row a diamond shows the interval, a bar the prediction."""
    if row.get("row_kind") in ("pooled", "model"):
        own = "ci" if kind == "diamond" else "pi"
        return [names for names in _named(row, "low", "high") if names[0] == f"{own}_low"] or [("no such columns",)]
    return _named(row, "low", "high")


def _named(row: Row, *ends: str) -> list[tuple[str, ...]]:
    """Columns of a row that end in these words and start alike: ci_low with ci_high, printed_low with printed_high."""
    starts = [n.removesuffix(ends[0]) for n, v in row.items() if n.endswith(ends[0]) and isinstance(v, float)]
    found = [tuple(start + end for end in ends) for start in starts]
    return [names for names in found if all(isinstance(row.get(n), float) for n in names)]


@dataclass(frozen=True)
class _Scale:
    slope: float
    offset: float
    log: bool
    factor: float

    def place(self, value: float) -> float:
        shown = value * self.factor
        return self.offset + self.slope * (math.log(max(shown, 1e-300)) if self.log else shown)


def _scales(labels: list[Word]) -> list[_Scale]:
    """Linear and logarithmic scales on which all labels of an axis stand, for values as they are and in percent."""
    if len(labels) < 2:
        return []
    xs, values = np.array([w.x for w in labels]), np.array([_number(w.text) for w in labels], dtype=float)
    found = []
    for log in (False, True) if (values > 0).all() else (False,):
        shown = np.log(values) if log else values
        slope, offset = np.polyfit(shown, xs, 1)
        if np.abs(slope * shown + offset - xs).max() <= NEAR:
            found += [_Scale(float(slope), float(offset), log, factor) for factor in (1.0, 100.0)]
    return found


def _number(text: str) -> float | None:
    try:
        return float(text.replace("\u2212", "-").replace("\u00b7", "."))
    except ValueError:
        return None


def _stand(places: list[float], values: list[object], scale: _Scale, low_end: float, high_end: float) -> bool:
    if any(not isinstance(v, float) for v in values):
        return False
    wanted = [min(max(scale.place(v), low_end), high_end) for v in values if isinstance(v, float)]
    return all(abs(a - b) <= NEAR for a, b in zip(places, wanted, strict=True))


def numbers_of(record: object) -> Iterator[float]:
    """All numbers inside plain values (as JSON gives them), those written as words as well."""
    if isinstance(record, bool):
        return
    if isinstance(record, int | float):
        yield float(record)
    elif isinstance(record, str):
        # Cells of a user's column may be numbers.
        if DECIMAL.fullmatch(record.strip()):
            yield float(record)
    elif isinstance(record, dict):
        for value in record.values():
            yield from numbers_of(value)
    elif isinstance(record, list | tuple):
        for value in record:
            yield from numbers_of(value)
