"""What stands in the rows of the comparison of printed with recomputed results, before anything has a place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from metarepro.effects import Measure
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.layout import Cell
from metarepro.figures.page.look import LEADING, SIZE, SMALL
from metarepro.figures.page.panel import Values, axis_of
from metarepro.figures.page.text import clean, text_width, wrap
from metarepro.figures.reproductions.printed import (
    LONGEST,
    computed_text,
    measure_of,
    printed_cell,
    printed_text,
    printed_values,
    scale_of,
    subject,
)

if TYPE_CHECKING:
    from metarepro.reproduction.result import PrintedNumbers, Reproduction

Family = Literal["ratios", "standardised", "means", "risks", "proportions", "others"]
HEADINGS: dict[Family, str] = {
    "ratios": "Ratios",
    "standardised": "Standardised mean differences",
    "means": "Mean differences",
    "risks": "Risk differences, percentage points",
    "proportions": "Proportions, %",
    "others": "Other effects",
}
SECTION_HEAD, GROUP_HEAD, AXIS = 20.0, 15.0, 19.0
NOT_RECOMPUTED = "not recomputed"
SHARES = "Risk differences and proportions stand as printed, some as shares of 1; their axis is in percent."
Basis = Literal["printed inputs", "own rows", "none"]
NOTHING: Values = (math.nan, math.nan, math.nan)


@dataclass
class Row:
    """One printed result: texts, values on the display scale, and from what it was recomputed.

    Attributes
    ----------
    id, name, about : str
        Its id; the review; outcome, comparison, time.
    k, own : str
        Number of studies as printed; a note on our own rows, empty for others.
    printed, recomputed : str
        Numbers as texts.
    values, others : tuple of float
        Printed and recomputed estimate with interval; nan where there is none.
    basis : str
    verdict : str
    as_shares : bool
        Whether shares of 1 are printed, where the axis has percent.
    cells : dict
        The row of the twin: the numbers in full, the words as they stand in the picture.
    label : list of str
        Lines of the label; `bold` of them are the name's.
    bold : int
    verdict_lines, own_lines, group_lines, printed_lines, recomputed_lines : list of str
    stacked : bool
        Whether numbers and marks stand below the words, in a narrow column of a journal.
    """

    id: str
    group: str
    name: str
    about: str
    k: str
    own: str
    printed: str
    recomputed: str
    values: Values
    others: Values
    basis: Basis
    verdict: str
    as_shares: bool = False
    cells: dict[str, Cell] = field(default_factory=dict)
    label: list[str] = field(default_factory=list)
    bold: int = 0
    verdict_lines: list[str] = field(default_factory=list)
    own_lines: list[str] = field(default_factory=list)
    group_lines: list[str] = field(default_factory=list)
    printed_lines: list[str] = field(default_factory=list)
    recomputed_lines: list[str] = field(default_factory=list)
    stacked: bool = False

    @property
    def lines_of_words(self) -> int:
        """Lines of the label or of the verdict, whichever are more."""
        return max(len(self.label), len(self.verdict_lines) + len(self.own_lines), 1)

    @property
    def height(self) -> float:
        """Height in points: two lines at least, the printed and the recomputed numbers."""
        numbers = len(self.printed_lines) + len(self.recomputed_lines)
        lines = self.lines_of_words + numbers if self.stacked else max(self.lines_of_words, numbers)
        return lines * LEADING + 6.0

    @property
    def group_height(self) -> float:
        """Height of the heading of its group; 0 without one."""
        return GROUP_HEAD + (len(self.group_lines) - 1) * LEADING if self.group else 0.0

    def set_widths(self, label: float, numbers: float, verdict: float, group: float, stacked: bool) -> None:
        """Break all words and numbers into lines of these widths; no number is broken inside."""
        self.stacked = stacked
        name = wrap(self.name, label, SIZE, "bold") if self.name else []
        about = wrap(self.about, label, SIZE) if self.about else []
        studies = [f"{self.k} {'study' if self.k == '1' else 'studies'}"] if stacked and self.k else []
        self.label, self.bold = [*name, *about, *studies], len(name)
        self.verdict_lines = wrap(self.verdict, verdict, SIZE) if self.verdict else []
        self.own_lines = wrap(self.own, verdict, SMALL) if self.own else []
        self.printed_lines = _broken(self.printed, numbers)
        self.recomputed_lines = _broken(self.recomputed, numbers)
        self.group_lines = wrap(self.group, group, SIZE, "bold")


@dataclass
class Section:
    """Rows that share an axis."""

    family: Family
    measure: Measure
    heading: str
    axis: Axis
    rows: list[Row]
    width: float = math.inf

    def heading_lines(self, continued: bool) -> list[str]:
        """The heading in lines of its width."""
        words = self.heading + (" (continued)" if continued else "")
        return wrap(words, self.width, SIZE + 1, "bold") if words else []

    def head_height(self, continued: bool) -> float:
        """Height of the heading."""
        lines = len(self.heading_lines(continued))
        return SECTION_HEAD + (lines - 1) * (LEADING + 1) if lines else 4.0


@dataclass
class Part:
    """Rows of one section on one page."""

    section: Section
    rows: list[Row] = field(default_factory=list)
    continued: bool = False


def family_of(reproduction: Reproduction) -> Family:
    """Scale on which a result is drawn."""
    measure = measure_of(reproduction)
    if not reproduction.code or measure.code == "GEN":
        return "others"
    if measure.ratio:
        return "ratios"
    if measure.code.startswith("SMD"):
        return "standardised"
    if measure.code == "MD":
        return "means"
    if measure.percent:
        return "proportions" if measure.null is None else "risks"
    return "others"


def make_sections(reproductions: Sequence[Reproduction]) -> list[Section]:
    """Rows by scale, in the order of the results within each; those of one group stand together."""
    found = []
    for family, heading in HEADINGS.items():
        members = [r for r in reproductions if family_of(r) == family]
        if not members:
            continue
        measure = measure_of(members[0])
        names = list(dict.fromkeys(measure_of(r).label.lower() for r in members))
        groups = list(dict.fromkeys(clean(r.group) for r in members))
        members.sort(key=lambda r: groups.index(clean(r.group)))
        rows = [_row(r, len(names) > 1) for r in members]
        if family == "ratios":
            heading = f"{heading}: {', '.join(names)}" if len(names) < 5 else heading
            heading += ", log scale"
        axis = axis_of(measure, [v for row in rows for v in (row.values, row.others)])
        found.append(Section(family, measure, heading, axis, rows))
    return found


def _row(r: Reproduction, name_measure: bool) -> Row:
    measure = measure_of(r)
    about = subject(r)
    if name_measure and r.code:
        about = ": ".join(p for p in (measure.label, about) if p)
    k = "" if r.k is None else fmt.count(r.k)
    own, others, recomputed = "", NOTHING, NOT_RECOMPUTED
    k_own: int | None = None
    basis: Basis = "none"
    synthesis = r.resynthesis
    if r.basis == "printed inputs" and r.recomputed is not None:
        n = r.recomputed
        basis, others = "printed inputs", (n.estimate, n.ci_low, n.ci_high)
        rounded = (r.rounded.estimate, r.rounded.ci_low, r.rounded.ci_high)
        fits = rounded[0] and all(len(t) <= LONGEST for t in rounded)
        recomputed = printed_text(r.rounded) if fits else computed_text(measure, others)
    elif r.basis != "printed inputs" and synthesis is not None:
        n = synthesis.numbers
        basis, others = "own rows", (n.estimate, n.ci_low, n.ci_high)
        recomputed = computed_text(measure, others)
        of = f" of {k}" if k else ""
        own = f"own rows, k = {fmt.count(synthesis.k)}{of}"
        k_own = synthesis.k
    if math.isnan(others[0]):
        basis, recomputed, own, k_own = "none", NOT_RECOMPUTED, "", None
    row = Row(
        clean(r.id), clean(r.group), clean(r.label) or clean(r.id), about, k, own, printed_text(r.printed), recomputed,
        printed_values(r), others, basis, clean(r.verdict),
    )  # fmt: skip
    about_it: dict[str, Cell] = {"result": row.id, "review": row.name, "about": about, "group": row.group}
    numbers = pair_cells(r.printed, row.values, others)
    row.cells = {**about_it, "measure": clean(r.code), "studies": r.k, "studies_of_our_own": k_own, **numbers}
    row.as_shares = measure.percent and scale_of(r) == 1 and bool(r.printed.estimate)
    row.cells |= {"basis": basis, "verdict": row.verdict}
    return row


def pair_cells(printed: PrintedNumbers, values: Values, others: Values) -> dict[str, Cell]:
    """Printed and recomputed numbers in full, on the display scale."""
    texts = (printed.estimate, printed.ci_low, printed.ci_high)
    names = ("estimate", "ci_low", "ci_high")
    cells: dict[str, Cell] = {f"printed_{n}": printed_cell(t, v) for n, t, v in zip(names, texts, values, strict=True)}
    return cells | {f"recomputed_{n}": v for n, v in zip(names, others, strict=True)}


def _broken(numbers: str, width: float) -> list[str]:
    """An estimate with its interval in one line, or the interval below the estimate."""
    if text_width(numbers, SIZE) <= width:
        return [numbers]
    estimate, bracket, interval = numbers.partition(" (")
    return [line for part in (estimate, bracket.lstrip() + interval) if part for line in wrap(part, width, SIZE)]


def widest(texts: Sequence[str], whole: bool) -> float:
    """Width of the widest text, or of the widest word of them, which is never broken."""
    return max((text_width(t, SIZE) for text in texts for t in ([text] if whole else text.split())), default=0.0)


def paginate(sections: list[Section], room: float) -> list[list[Part]]:
    """Rows page by page; a heading is never parted from its first row."""
    pages: list[list[Part]] = [[]]
    left = room
    for section in sections:
        part = Part(section)
        group: str | None = None
        for row in section.rows:
            need = row.height + (row.group_height if row.group != group else 0.0)
            need += 0.0 if part.rows else section.head_height(part.continued) + AXIS
            if need > left and (part.rows or pages[-1]):
                if part.rows:
                    pages[-1].append(part)
                    part = Part(section, continued=True)
                pages.append([])
                left = room
                need = row.height + section.head_height(part.continued) + AXIS + row.group_height
            part.rows.append(row)
            left -= need
            group = row.group
        pages[-1].append(part)
    return pages
