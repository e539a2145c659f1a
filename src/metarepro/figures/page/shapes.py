"""Corners of the shapes that figures are made of; y runs downwards."""

from __future__ import annotations

import math

Point = tuple[float, float]


def box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """A rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def square(half: float, x: float, y: float) -> list[Point]:
    """A square around a point."""
    return box(x - half, y - half, x + half, y + half)


def circle(radius: float = 1.0, x: float = 0.0, y: float = 0.0, corners: int = 24) -> list[Point]:
    """A circle around a point."""
    turns = [2 * math.pi * i / corners for i in range(corners)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in turns]


def diamond(radius: float, x: float, y: float) -> list[Point]:
    """A diamond of equal width and height around a point."""
    return [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]


def triangle(radius: float, x: float, y: float) -> list[Point]:
    """A triangle that points upwards."""
    return [(x, y - radius), (x + 0.9 * radius, y + 0.75 * radius), (x - 0.9 * radius, y + 0.75 * radius)]


def plus(arm: float, half: float, y: float = 0.0) -> list[Point]:
    """A plus around a point of the upright axis: the length of its arms, half their thickness."""
    a, h = arm, half
    corners = [(-h, -a), (h, -a), (h, -h), (a, -h), (a, h), (h, h), (h, a), (-h, a), (-h, h), (-a, h), (-a, -h),
               (-h, -h)]  # fmt: skip
    return [(px, py + y) for px, py in corners]


def cross(arm: float, half: float) -> list[Point]:
    """A plus turned by 45 degrees."""
    turn = math.sqrt(0.5)
    return [(turn * (x - y), turn * (x + y)) for x, y in plus(arm, half)]


def hatching(x0: float, y0: float, x1: float, y1: float, step: float, rising: bool = True) -> list[tuple[Point, Point]]:
    """Diagonal lines that fill a rectangle, `step` points apart."""
    lines = []
    width, height = x1 - x0, y1 - y0
    count = int((width + height) / step)
    for i in range(1, count + 1):
        d = i * step
        start = (x0 + min(d, width), y0 + max(d - width, 0.0))
        end = (x0 + max(d - height, 0.0), y0 + min(d, height))
        if not rising:
            start, end = ((x, y0 + y1 - y) for x, y in (start, end))
        lines.append((start, end))
    return lines
