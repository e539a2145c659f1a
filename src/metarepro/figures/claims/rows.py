"""The audited claims as blocks of measured lines, and their division into pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from metarepro.figures.page.layout import Cell
from metarepro.figures.page.look import SIZE
from metarepro.figures.page.text import clean, wrap
from metarepro.figures.verdict_marks import CLAIM_MARKS, mark_of

if TYPE_CHECKING:
    from metarepro.claims.result import AuditedClaim

# Size and leading of the claim, of what the evidence says, and room below a claim.
CLAIM, EVIDENCE, LINE, CLAIM_PAD = 8.0, 7.0, 10.0, 7.0
DECIDED = {"rule": "the data", "judgement": "judgement"}


@dataclass(frozen=True)
class Line:
    """A line of a claim's text; `main` for the claim itself, else what the evidence says."""

    text: str
    main: bool


@dataclass(frozen=True)
class Block:
    """One claim, or a part of one that is longer than a page.

    Attributes
    ----------
    id : str
    verdict : str
    words : tuple of str
        The verdict in lines.
    lines : tuple of Line
    decided : str
        By what.
    cells : dict
        The row of the twin.
    stacked : bool
        Whether the claim stands below its verdict, in a narrow column of a journal.
    """

    id: str
    verdict: str
    words: tuple[str, ...]
    lines: tuple[Line, ...]
    decided: str
    cells: dict[str, Cell] = field(default_factory=dict)
    stacked: bool = False

    @property
    def height(self) -> float:
        """Height in points."""
        lines = len(self.words) + len(self.lines) if self.stacked else max(len(self.lines), len(self.words))
        return max(lines, 1) * LINE + CLAIM_PAD


@dataclass(frozen=True)
class Document:
    """One audited page: its name, how many claims have each verdict, and its claims."""

    name: str
    counts: dict[str, int]
    blocks: tuple[Block, ...]

    @property
    def total(self) -> int:
        """Number of claims."""
        return sum(self.counts.values())

    @property
    def sentence(self) -> str:
        """How many claims have each verdict, in words."""
        shown = [(verdict, n) for verdict, n in self.counts.items() if n]
        first = f"{shown[0][1]} of {self.total} {shown[0][0]}" if shown else "no claim"
        return ", ".join([first, *(f"{n} {verdict}" for verdict, n in shown[1:])])


def make_documents(
    claims: Sequence[AuditedClaim], text_width: float, verdict_width: float, stacked: bool = False
) -> list[Document]:
    """Claims by audited page, each broken into lines of these widths."""
    found = []
    for key in dict.fromkeys(c.document for c in claims):
        members = [c for c in claims if c.document == key]
        order = list(dict.fromkeys([*CLAIM_MARKS, *(c.verdict for c in members)]))
        counts = {clean(v) or "no verdict": sum(c.verdict == v for c in members) for v in order}
        name = clean(members[0].page) or clean(key)
        blocks = tuple(_block(c, name, text_width, verdict_width, stacked) for c in members)
        found.append(Document(name, counts, blocks))
    return found


def _block(claim: AuditedClaim, page: str, text_width: float, verdict_width: float, stacked: bool) -> Block:
    lines = [Line(t, True) for t in wrap(clean(claim.claim) or clean(claim.id), text_width, CLAIM)]
    short = clean(claim.in_short) or clean(claim.reason)
    if short:
        lines += [Line(t, False) for t in wrap(short, text_width, EVIDENCE)]
    words = wrap(mark_of(clean(claim.verdict), CLAIM_MARKS).word, verdict_width, SIZE, "bold")
    decided = DECIDED.get(claim.by, clean(claim.by))
    cells: dict[str, Cell] = {
        "shows": "claim", "page_audited": page, "claim_id": clean(claim.id), "claim": clean(claim.claim),
        "verdict": clean(claim.verdict) or "no verdict", "evidence_says": short, "decided_by": decided,
        "claims": None,
    }  # fmt: skip
    return Block(clean(claim.id), clean(claim.verdict), tuple(words), tuple(lines), decided, cells, stacked)


def paginate(blocks: Sequence[Block], room: float) -> list[list[Block]]:
    """Claims page by page; one that is longer than a page is divided between lines."""
    pages: list[list[Block]] = [[]]
    left = room
    for block in blocks:
        for part in _divided(block, room):
            if part.height > left and pages[-1]:
                pages.append([])
                left = room
            pages[-1].append(part)
            left -= part.height
    return pages


def _divided(block: Block, room: float) -> list[Block]:
    above = len(block.words) * LINE if block.stacked else 0.0
    most = max(room - CLAIM_PAD - above, 3 * LINE) / LINE
    if len(block.lines) <= most:
        return [block]
    step = int(most)
    parts = [block.lines[i : i + step] for i in range(0, len(block.lines), step)]
    of = len(parts)
    return [replace(block, lines=p, cells={**block.cells, "part": f"{n} of {of}"}) for n, p in enumerate(parts, 1)]
