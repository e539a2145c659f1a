"""Figures to files: the same bytes every time, text as text, and beside each its numbers and its text alternative."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from metarepro.csv_output import csv_text
from metarepro.errors import ConfigError
from metarepro.figures.page.figure import About
from metarepro.figures.page.fonts import FAMILY, WEB_FAMILY
from metarepro.figures.page.layout import Cell
from metarepro.output import write_whole

FORMATS = ("svg", "pdf", "png")
DEFAULT_DPI = 300
FINEST = (36, 1200)


def save(figure: Any, path: Path | str, dpi: int = DEFAULT_DPI) -> None:
    """Write a figure as SVG, PDF or PNG, by the ending, with the same bytes every time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        As the functions of `metarepro.figures` return it.
    path : path
        SVG keeps text as text and carries a title and a description; PDF embeds TrueType fonts.
    dpi : int
        Of PNG: 300 for pages, 600 for line art in print.
    """
    _check_dpi(dpi)
    _save([figure], Path(path), dpi)


def write_figure(
    figures: Any, stem: Path | str, formats: Iterable[str] = FORMATS, dpi: int = DEFAULT_DPI
) -> list[Path]:
    """Write a figure, or the pages of one, with its data and its text alternative.

    Parameters
    ----------
    figures : Figure or sequence of Figure
        The first page is `stem.svg`, the second `stem-2.svg` and so on; the PDF holds all pages.
    stem : path
        Path without ending.
    formats : iterable of str
        Of svg, pdf, png.
    dpi : int
        Of PNG.

    Returns
    -------
    list of Path
        What was written: the pictures, `stem.csv` with the exact numbers of all pages, `stem.alt.txt` with the text
        alternative.
    """
    pages = list(figures) if isinstance(figures, list | tuple) else [figures]
    stem = Path(stem)
    formats = (formats,) if isinstance(formats, str) else tuple(formats)
    strange = [f for f in formats if f not in FORMATS]
    if strange or stem.suffix.lstrip(".") in FORMATS:
        what = f"formats = {strange[0]!r} is not known" if strange else f"{stem.name} has an ending"
        raise ConfigError(
            f"{what}. Fix: write_figure(figure, 'name', formats=('svg', 'pdf', 'png')): a name without ending, and "
            "which of the three; save(figure, 'name.png') writes one file."
        )
    _check_dpi(dpi)
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in formats:
        if kind == "pdf":
            _save(pages, path := stem.with_name(f"{stem.name}.pdf"), dpi)
            written.append(path)
            continue
        for number, page in enumerate(pages, 1):
            name = stem.name if number == 1 else f"{stem.name}-{number}"
            _save([page], path := stem.with_name(f"{name}.{kind}"), dpi)
            written.append(path)
    texts = {"csv": data_csv(pages), "alt.txt": alternative_text(pages)}
    for kind, text in texts.items():
        write_whole(path := stem.with_name(f"{stem.name}.{kind}"), text)
        written.append(path)
    return written


def _check_dpi(dpi: int) -> None:
    if not isinstance(dpi, int) or not FINEST[0] <= dpi <= FINEST[1]:
        raise ConfigError(
            f"dpi = {dpi!r} is not possible. Give {FINEST[0]} to {FINEST[1]}: 300 for pages, 600 for line art."
        )


def alternative_text(pages: list[Any]) -> str:
    """What a figure shows, in words, page by page."""
    return "\n\n".join(p.metarepro.description for p in pages) + "\n"


def data_csv(pages: list[Any]) -> str:
    """The data of a figure: every row it shows, numbers in full, `page` first where there are several."""
    rows: list[dict[str, Cell]] = []
    for number, page in enumerate(pages, 1):
        before: dict[str, Cell] = {"page": number} if len(pages) > 1 else {}
        rows += [{**before, "row": i, **cells} for i, cells in enumerate(page.metarepro.data)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return csv_text(names or ["row"], ([row.get(name) for name in names] for row in rows), infinite=True)


def _save(pages: list[Any], path: Path, dpi: int) -> None:
    import matplotlib as mpl

    about = getattr(pages[0], "metarepro", None) or About("", "", (), None)  # type: ignore[arg-type]
    kind = path.suffix.lstrip(".")
    if kind not in FORMATS:
        raise ConfigError(f"{path.name}: a figure is written as {', '.join(FORMATS)}, by the ending.")
    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "metarepro",
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "text.hinting": "no_hinting",
    }  # hinted letters are wider than measured at small sizes
    metadata_of: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None, "Title": about.title},
        "png": {"Software": None, "Title": about.title, "Description": about.description},
    }
    metadata = metadata_of[kind]
    buffer = io.BytesIO()
    with mpl.rc_context(settings):
        if kind == "pdf":
            from matplotlib.backends.backend_pdf import PdfPages

            with PdfPages(buffer, metadata=metadata) as pdf:
                for page in pages:
                    page.savefig(pdf, format="pdf", dpi=72)
        else:
            # Of flat colours level 3 is as small as slower ones.
            of_kind: Any = {"dpi": dpi, "pil_kwargs": {"compress_level": 3}} if kind == "png" else {"dpi": 72}
            pages[0].savefig(buffer, format=kind, metadata=metadata, **of_kind)
    data = buffer.getvalue()
    if kind == "svg":
        data = _describe_svg(data.decode("utf-8"), about.title, about.description, path.stem).encode("utf-8")
    write_whole(path, data)


def _describe_svg(svg: str, title: str, description: str, name: str) -> str:
    """Give the SVG a name for screen readers, rows for those who read it back, and fonts of the same widths."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", name)  # ids that are referred to hold no blanks
    start = svg.index("<svg")
    end = svg.index(">", start)
    head = f' role="img" aria-labelledby="{name}-title {name}-desc">'
    inner = f'\n <title id="{name}-title">{escape(title)}</title>\n <desc id="{name}-desc">{escape(description)}</desc>'
    svg = svg[:end] + head + inner + svg[end + 1 :]
    svg = re.sub(r'<g id="mr:\d+:([a-z0-9-]+):">', r'<g class="mr-\1">', svg)
    svg = re.sub(r'<g id="mr:\d+:([a-z0-9-]+):(\d+)">', r'<g class="mr-\1" data-row="\2">', svg)
    fonts = f"'{WEB_FAMILY}', Arial, Helvetica"
    # In tags only: a text of a user may hold the name of the font.
    return re.sub(r"<[^>]*>", lambda tag: tag.group().replace(f"'{FAMILY}'", fonts), svg)
