"""What differs between two pictures, by content: their texts and their marks, not their pixels."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def compare_svg(old: str, new: str, tolerance: float = 0.05) -> list[str]:
    """Differences between two SVG pictures in words; empty when they show the same.

    Parameters
    ----------
    old, new : str
        SVG texts with real text elements.
    tolerance : float
        How far, in points, a mark or a text may move before it counts; other machines round differently.
    """
    before, after = ET.fromstring(old), ET.fromstring(new)
    differences = []
    texts_before, texts_after = (Counter(t for t, _ in _texts(root)) for root in (before, after))
    gone, come = texts_before - texts_after, texts_after - texts_before
    if gone:
        differences.append("texts gone: " + "; ".join(sorted(gone.elements())))
    if come:
        differences.append("texts new: " + "; ".join(sorted(come.elements())))
    if before.get("viewBox") != after.get("viewBox"):
        differences.append(f"size {before.get('viewBox')} became {after.get('viewBox')}")
    marks = [_marks(root) for root in (before, after)]
    if len(marks[0]) != len(marks[1]):
        differences.append(f"{len(marks[0])} marks became {len(marks[1])}")
    if not differences:
        moved = sum(_far(a, b, tolerance) for a, b in zip(*marks, strict=True))
        places = [[p for _, p in _texts(root)] for root in (before, after)]
        moved_texts = sum(_far(a, b, tolerance) for a, b in zip(*places, strict=True))
        if moved:
            differences.append(f"{moved} marks moved or changed colour")
        if moved_texts:
            differences.append(f"{moved_texts} texts moved")
    return differences


def _texts(root: ET.Element) -> list[tuple[str, str]]:
    """Each text with its place."""
    return [
        ("".join(t.itertext()), " ".join(t.get(k, "") for k in ("x", "y", "transform")))
        for t in root.iter(f"{_SVG}text")
    ]


def _marks(root: ET.Element) -> list[str]:
    """Each path with its style; ids and clip paths do not count."""
    return [f"{p.get('d', '')} | {p.get('style', '')}" for p in root.iter(f"{_SVG}path")]


def _far(a: str, b: str, tolerance: float) -> bool:
    if a == b:
        return False
    words = [_NUMBER.sub("#", x) for x in (a, b)]
    numbers = [[float(n) for n in _NUMBER.findall(x)] for x in (a, b)]
    if words[0] != words[1] or len(numbers[0]) != len(numbers[1]):
        return True
    return any(abs(x - y) > tolerance for x, y in zip(*numbers, strict=True))
