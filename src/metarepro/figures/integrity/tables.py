"""The two tables of the integrity figure: studies by checks, and checks with their meaning and totals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from metarepro.evidence.integrity.codes import WARNINGS
from metarepro.evidence.integrity.findings import Finding
from metarepro.figures.integrity.wording import KINDS, Kind, StudyFindings, reviews_in
from metarepro.figures.page.layout import Canvas, put_beside
from metarepro.figures.page.look import BLUE, GAP, INK, LEADING, LIGHT, MARGIN, ROW, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.shapes import circle, triangle
from metarepro.figures.page.text import text_width, wrap

RADIUS = 3.3
# Shares of the width that names may take; less where that saves a block.
NAME_SHARES = (0.42, 0.34, 0.27, 0.22)
# In less the heads of the totals are marks, not words.
NARROW = 300.0


def draw_finding(canvas: Canvas, kind: Kind, x: float, y: float, name: str) -> None:
    """A triangle for a warning, a circle for a note; hollow when accepted."""
    severity, accepted = kind
    color = VERMILLION if severity == "warning" else BLUE
    shape = triangle(RADIUS, x, y) if severity == "warning" else circle(0.82 * RADIUS, x, y)
    word = f"{severity}{' accepted' if accepted else ''}"
    canvas.polygon(shape, WHITE if accepted else color, f"{word}: {name}", color if accepted else None, 0.9)


class Matrix:
    """Studies down, checks across; as many checks a block as find room."""

    def __init__(self, width: float, studies: Sequence[StudyFindings]) -> None:
        self.width = width
        room = width - 2 * MARGIN
        longest = max((text_width(s.name, SIZE) for s in studies), default=0.0)
        codes = sorted({code for s in studies for code in s.counts})
        wide = {c: max(_cell_width(s.counts.get(c, Counter())) for s in studies) + 7 for c in codes}
        self.wide = {c: max(w, text_width(c, SIZE, "bold") + 5) for c, w in wide.items()}
        tried = []
        for share in NAME_SHARES:
            names = max(min(longest, share * room), text_width("Study", SIZE, "bold"))
            tried.append((names, self._blocks(codes, room - names - GAP)))
        # The widest names among those that need the fewest blocks.
        self.names, self.blocks = min(tried, key=lambda t: (len(t[1]), -t[0]))
        self.left = MARGIN + self.names + GAP

    def _blocks(self, codes: Sequence[str], room: float) -> list[list[str]]:
        """Checks in as few blocks as find room, of about the same width."""

        def filled(limit: float) -> list[list[str]]:
            blocks: list[list[str]] = []
            used = math.inf
            for code in codes:
                if used + self.wide[code] > limit:
                    blocks.append([])
                    used = 0.0
                blocks[-1].append(code)
                used += self.wide[code]
            return blocks

        fewest = filled(room)
        limit = max((self.wide[c] for c in codes), default=0.0)
        while limit < room and len(filled(limit)) > len(fewest):
            limit += 2.0
        return filled(limit) if limit < room else fewest

    def row_height(self, study: StudyFindings) -> float:
        """Height of a row."""
        return max(ROW, LEADING * len(wrap(study.name, self.names, SIZE)) + 3)

    def head_height(self) -> float:
        """Height of the heads."""
        return LEADING + 6

    def _middles(self, codes: Sequence[str]) -> list[float]:
        ends = [self.left + sum(self.wide[c] for c in codes[: i + 1]) for i in range(len(codes))]
        return [end - self.wide[c] / 2 for c, end in zip(codes, ends, strict=True)]

    def _right(self, codes: Sequence[str]) -> float:
        return self.left + sum(self.wide[c] for c in codes)

    def head(self, canvas: Canvas, y: float, codes: Sequence[str]) -> float:
        """Heads of the columns; returns where they end."""
        y += LEADING
        canvas.text(MARGIN, y, "Study", SIZE, weight="bold", color=INK)
        for code, x in zip(codes, self._middles(codes), strict=True):
            canvas.text(x, y, code, SIZE, "center", "bold", INK)
        canvas.line(MARGIN, y + 4, self._right(codes), y + 4, "header rule", 0.8, INK)
        return y + 5

    def row(self, canvas: Canvas, y: float, study: StudyFindings, codes: Sequence[str]) -> float:
        """One row; returns where it ends."""
        lines = wrap(study.name, self.names, SIZE)
        height = self.row_height(study)
        middle = y + height / 2
        cells = {
            f"{code} {severity}{' accepted' if accepted else ''}": study.counts[code][(severity, accepted)]
            for code in codes
            for severity, accepted in KINDS
            if study.counts.get(code, Counter())[(severity, accepted)]
        }
        with canvas.data_row(study=study.name, **cells):
            put_beside(canvas, lines, MARGIN, middle)
            for code, x in zip(codes, self._middles(codes), strict=True):
                own = study.counts.get(code, Counter())
                start = x - _cell_width(own) / 2
                for kind in KINDS:
                    if not own[kind]:
                        continue
                    draw_finding(canvas, kind, start + RADIUS, middle, f"{study.name}, {code}")
                    start += 2 * RADIUS + 1.5
                    if own[kind] > 1:
                        canvas.text(start, middle + 0.36 * SIZE, str(own[kind]), SIZE, color=INK)
                        start += text_width(str(own[kind]), SIZE) + 2.5
        canvas.line(MARGIN, y + height, self._right(codes), y + height, "row rule", 0.3, LIGHT)
        return y + height


def _cell_width(own: Counter[Kind]) -> float:
    """Width of a cell's marks and counts."""
    return sum(2 * RADIUS + 1.5 + (text_width(str(own[k]), SIZE) + 2.5 if own[k] > 1 else 0.0) for k in KINDS if own[k])


class Totals:
    """Checks with findings: code, plain meaning, number of warnings, notes and studies."""

    def __init__(self, width: float, findings: Sequence[Finding]) -> None:
        self.width = width
        self.findings = findings
        self.right = width - MARGIN
        self.left = MARGIN + 28
        self.step = 34.0 if width > NARROW else 28.0
        self.words = self.right - 3 * self.step - 6 - self.left

    def row_height(self, code: str) -> float:
        """Height of a row."""
        return LEADING * len(wrap(WARNINGS.get(code, "another check"), self.words, SIZE)) + 3

    def head(self, canvas: Canvas, y: float) -> float:
        """Heads of the columns; returns where they end."""
        y += LEADING + 3
        canvas.text(MARGIN, y, "Check", SIZE, weight="bold", color=INK)
        for i, head in enumerate(("Warnings", "Notes", "Studies")):
            end = self.right - self.step * (2 - i)
            if self.width > NARROW or i == 2:
                canvas.text(end, y, head, SMALL, "right", "bold", INK)
            else:
                draw_finding(canvas, (head[:-1].lower(), False), end - RADIUS, y - 2.7, "head")
        canvas.line(MARGIN, y + 4, self.right, y + 4, "header rule", 0.8, INK)
        return y + 5

    def row(self, canvas: Canvas, y: float, code: str) -> float:
        """One row; returns where it ends."""
        own = [f for f in self.findings if f.code == code]
        meaning = WARNINGS.get(code, "another check")
        warnings, notes = (sum(f.severity == word for f in own) for word in ("warning", "note"))
        # Reviews whose printed results were checked are no studies.
        studies = len({f.study_id for f in own if f.study_id} - reviews_in(self.findings))
        accepted = sum(bool(f.accepted) for f in own)
        with canvas.data_row(
            check=code, meaning=meaning, warnings=warnings, notes=notes, studies=studies, accepted=accepted
        ):
            base = y
            for i, line in enumerate(wrap(meaning, self.words, SIZE)):
                base += LEADING
                if i == 0:
                    canvas.text(MARGIN, base, code, SIZE, weight="bold", color=INK)
                    for place, number in enumerate((warnings, notes, studies)):
                        canvas.text(self.right - self.step * (2 - place), base, str(number), SIZE, "right", color=INK)
                canvas.text(self.left, base, line, SIZE, color=INK)
        canvas.line(MARGIN, base + 3, self.right, base + 3, "row rule", 0.3, LIGHT)
        return base + 3
