"""Effects that a Metapsy table prints: recomputed from the numbers beside them, and which way their sign points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from metarepro.csv_output import csv_text
from metarepro.effects import effect_sizes, get_measure
from metarepro.importing.metapsy_lines import PRINTED, Line, float_of

# Digits that the databases keep at most.
AGREES = 1e-6
_OPTIONS = {"SMD": {"vtype": "LSd", "j": "approximate"}, "RR": {"correction_cells": "events"}}
_LISTED = 10


@dataclass(frozen=True)
class Compared:
    """A printed effect beside that of the line's own numbers.

    Attributes
    ----------
    line : Line
    name : str
        Column of the printed effect.
    printed, ours : tuple of float
        Effect and standard error.
    sign : int
        1 if the printed one follows, -1 if it does with the sign reversed, 0 if it does not.
    """

    line: Line
    name: str
    printed: tuple[float, float]
    ours: tuple[float, float]
    sign: int


def compare_effects(lines: Sequence[Line]) -> list[Compared]:
    """Printed effects of all lines that have the numbers too.

    Parameters
    ----------
    lines : sequence of Line
    """
    found = []
    for name, measure in PRINTED.items():
        if not name.startswith("."):
            continue
        names = ("n1", "m1", "sd1", "n2", "m2", "sd2") if measure == "SMD" else ("e1", "n1", "e2", "n2")
        here = [x for x in lines if name in x.printed and all(n in x.numbers for n in names)]
        if not here:
            continue
        columns = {n: [float_of(x.numbers[n]) for x in here] for n in names if n in get_measure(measure).columns}
        ours = effect_sizes(measure, **columns, **_OPTIONS[measure])
        for line, yi, vi in zip(here, ours.yi, ours.vi, strict=True):
            found.append(_compared(line, name, (float(yi), float(np.sqrt(vi)))))
    return found


def _compared(line: Line, name: str, ours: tuple[float, float]) -> Compared:
    effect, se = line.printed[name]
    printed = (float(effect), float(se))
    places, places_se = (_decimals(line.cells[column].text) for column in (name, f"{name}_se"))
    sign = 0
    if _same(ours[1], printed[1], places_se):
        same, turned = _same(ours[0], printed[0], places), _same(-ours[0], printed[0], places)
        sign = 1 if same else -1 if turned else 0
    return Compared(line, name, printed, ours, sign)


def _decimals(text: str) -> int:
    """Decimals of a number as it is printed; with an exponent it has all digits."""
    return 15 if "e" in text.lower() else len(text.replace(",", ".").partition(".")[2])


def _same(ours: float, theirs: float, places: int) -> bool:
    """Whether a number is the printed one at its number of decimals."""
    return abs(ours - theirs) <= max(AGREES * (1 + abs(theirs)), 0.500001 * 10.0**-places)


@dataclass(frozen=True)
class Signs:
    """Which way printed effects point: 1 as the means do, -1 the other way; by instrument, else for the whole file."""

    of_scale: dict[tuple[str, str], int]
    of_file: int

    def of(self, line: Line) -> int:
        """The sign that holds for a line."""
        return self.of_scale.get((line.base, line.scale), self.of_file)


def signs_of(compared: Iterable[Compared], lines: Iterable[Line]) -> Signs:
    """Signs by the majority of the lines that tell them.

    A file without such lines shows them by `precalc_g`, of which `.g` is the same or the opposite.
    """
    votes: dict[tuple[str, str], Counter[int]] = {}
    every: Counter[int] = Counter()
    for c in compared:
        if c.sign and c.name == ".g" and abs(c.printed[0]) > AGREES:
            votes.setdefault((c.line.base, c.line.scale), Counter())[c.sign] += 1
            every[c.sign] += 1
    if not every:
        for line in lines:
            if ".g" in line.printed and "precalc_g" in line.printed:
                product = float(line.printed[".g"][0]) * float(line.printed["precalc_g"][0])
                every[1 if product >= 0 else -1] += 1
    of_file = -1 if every[-1] > every[1] else 1
    of_scale = {key: -1 if v[-1] > v[1] else 1 for key, v in votes.items() if v[-1] != v[1]}
    return Signs(of_scale, of_file)


def effect_of(line: Line, signs: Signs) -> tuple[str, float, float, str]:
    """The effect that a line prints instead of numbers: measure, estimate, standard error, and where it stands.

    The sign of a standardised difference is turned to that of the means.
    """
    wanted = ("precalc_log_rr", ".log_rr", "precalc_g", ".g") if not line.measured else tuple(PRINTED)
    name = next(n for n in wanted if n in line.printed)
    effect, se = (float(x) for x in line.printed[name])
    if PRINTED[name] == "RR":
        return "RR", float(np.exp(effect)), se, name
    sign = signs.of(line) if name == ".g" else 1
    if name == "precalc_g" and ".g" in line.printed:
        same = effect * float(line.printed[".g"][0]) >= 0
        sign = signs.of(line) * (1 if same else -1)
    return "SMD", sign * effect, se, name


def sentences_of(compared: Sequence[Compared]) -> list[str]:
    """How many printed effects follow from the numbers beside them, and which do not, with both numbers."""
    sentences = []
    for name in dict.fromkeys(c.name for c in compared):
        of_name = [c for c in compared if c.name == name]
        same, turned, apart = ([c for c in of_name if c.sign == sign] for sign in (1, -1, 0))
        head = f"{name} and {name}_se follow from the numbers beside them in"
        if turned and not same:
            text = f"{head} {len(turned)} of {len(of_name)} lines with the sign reversed"
        else:
            text = f"{head} {len(same)} of {len(of_name)} lines"
            text += f", and in {len(turned)} more with the sign reversed ({_at(turned)})" if turned else ""
        if apart:
            text += f"; not in {_at(apart)}: " + ", ".join(
                f"line {c.line.at} prints {c.printed[0]:.4g} ({c.printed[1]:.4g}), its numbers give {c.ours[0]:.4g} "
                f"({c.ours[1]:.4g})" for c in apart[:_LISTED]
            )  # fmt: skip
            text += "; all in printed-effects.csv" if len(apart) > _LISTED else ""
        sentences.append(f"{text}.")
    return sentences


def printed_csv(compared: Sequence[Compared], signs: Signs) -> str:
    """The printed effects that do not follow, and those with another sign than most, as a table; empty if all do."""
    rows = [
        (str(c.line.at), c.line.study, c.name, *(f"{x:.10g}" for x in (*c.printed, *c.ours)),
         "other sign than most" if c.sign else "other numbers")
        for c in sorted(compared, key=lambda c: c.line.at)
        if c.sign != (signs.of_file if c.name == ".g" else 1)
    ]  # fmt: skip
    head = ("line", "study", "column", "printed", "printed_se", "recomputed", "recomputed_se", "difference")
    return csv_text(head, rows) if rows else ""


def _at(found: Sequence[Compared]) -> str:
    return at_lines([c.line.at for c in found])


def at_lines(lines: Iterable[int]) -> str:
    """`line 3` or `lines 3, 5, 8`, at most 20 of them."""
    numbers = sorted(set(lines))
    listed = ", ".join(map(str, numbers[:20])) + (f" and {len(numbers) - 20} more" if len(numbers) > 20 else "")
    return f"line{'s' * (len(numbers) > 1)} {listed}"
