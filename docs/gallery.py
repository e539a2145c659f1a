"""The gallery: every figure from real data beside the code that made it.

python docs/gallery.py            writes docs/gallery.md and docs/gallery/*.svg anew
python docs/gallery.py --check    compares instead; exit code 4 when a picture shows something else
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from metarepro.figures import check_files, write_figure  # noqa: E402 - the path must be set first
from metarepro.figures.compare import compare_svg  # noqa: E402

PAGE, PICTURES = ROOT / "docs" / "gallery.md", ROOT / "docs" / "gallery"
START = """\
from pathlib import Path

import pandas as pd

import metarepro as mr
from metarepro.analysis import read_config, run_analysis
from metarepro.evidence import read_dataset

# The trials of this repository, as `snakemake` reads them.
config = read_config(Path("config.yaml"))
data = read_dataset(Path("data/raw"))
results = {a.id: run_analysis(config, a, data) for a in config.analyses}

# A fit of one's own.
bcg = pd.read_csv("examples/bcg/trials.csv")
counts = {name: bcg[name].tolist() for name in ("e1", "n1", "e2", "n2")}
es = mr.effect_sizes("RR", **counts)
fit = mr.pool(es.yi, es.vi)
about = {
    "measure": "RR", "labels": bcg.trial, "inputs": counts, "outcome": "Tuberculosis", "better": "low",
    "experimental": "vaccine", "control": "no vaccine",
}
"""


@dataclass(frozen=True)
class Entry:
    """A figure: its name, what it shows, and the code that ends with `figure = ...`."""

    name: str
    title: str
    what: str
    code: str


ENTRIES = (
    Entry(
        "forest_bcg", "Forest plot",
        "Columns are measured, the plot takes what is left. Subgroups with subtotals and a test between them, the "
        "prediction interval in a row of its own, a second model below.",
        """figure = mr.figures.forest(
    fit, title="BCG vaccine and tuberculosis", groups=bcg.allocation, **about,
    models={"Common effect": mr.pool(es.yi, es.vi, tau2="CE", ci="z")},
)""",
    ),
    Entry(
        "forest_84mm", "Forest plot in one column of a journal",
        "84 mm: columns without room stand under the labels; no letter is below 6 points.",
        """figure = mr.figures.forest(results["response_24h_or"], width_mm=84)""",
    ),
    Entry(
        "forest_jama", "House styles",
        "`style`: plain, cochrane, bmj, jama or lancet; formats, heads, columns and marks, never a number.",
        """figure = mr.figures.forest(
    fit, title="BCG vaccine and tuberculosis", style="jama", width_mm=120, **about
)""",
    ),
    Entry(
        "forest_columns", "Further columns",
        "Whatever helps the reader, beside the studies.",
        """figure = mr.figures.forest(
    fit, title="BCG vaccine and tuberculosis, by latitude", **about,
    columns={"Latitude": bcg.latitude, "Allocation": bcg.allocation},
)""",
    ),
    Entry(
        "forest_panels", "Several times, or outcomes, side by side",
        "The same studies in the same rows, one axis for all panels of a measure.",
        """figure = mr.figures.forest_panels(
    [results[name] for name in ("rate_4h", "rate_24h", "rate_72h", "rate_7d")],
    titles=["4 hours", "24 hours", "72 hours", "7 days"], title="Response after one ketamine infusion",
)""",
    ),
)  # fmt: skip


def draw(entry: Entry, names: dict[str, Any]) -> list[Any]:
    """The pages of an entry."""
    own = dict(names)
    exec(entry.code, own)  # the code that the page shows is the code that runs
    figure = own["figure"]
    return list(figure) if isinstance(figure, list) else [figure]


def page() -> str:
    """docs/gallery.md."""
    parts = [
        "# Gallery",
        "Every figure is one function: a result goes in, a matplotlib Figure comes out. "
        '`mr.figures.write_figure(figure, "name")` writes SVG with real text, PDF with TrueType fonts, PNG, the '
        "numbers in `name.csv` and a text alternative in `name.alt.txt`. This page is made by `python docs/gallery.py` "
        "from real data; CI makes it anew and compares. All of it starts with",
        f"```python\n{START.strip()}\n```",
    ]
    for entry in ENTRIES:
        alt = f"{entry.title}: {entry.what}".replace("[", "(").replace("]", ")")
        parts += [
            f"## {entry.title}",
            entry.what,
            f"```python\n{entry.code}\n```",
            f"![{alt}](gallery/{entry.name}.svg)",
        ]
    return "\n\n".join(parts) + "\n"


def main(check: bool) -> int:
    """Write or compare; 4 when something differs."""
    names: dict[str, Any] = {}
    exec(START, names)
    differ: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        made = PICTURES if not check else Path(folder)
        made.mkdir(parents=True, exist_ok=True)
        for entry in ENTRIES:
            pages = draw(entry, names)
            write_figure(pages, Path(folder) / entry.name)
            differ += [f"{entry.name}: {fault}" for fault in check_files(Path(folder) / entry.name)]
            new = (Path(folder) / f"{entry.name}.svg").read_text(encoding="utf-8")
            kept = PICTURES / f"{entry.name}.svg"
            if not check:
                kept.write_text(new, encoding="utf-8")
            elif not kept.exists():
                differ.append(f"{entry.name}.svg is new")
            else:
                differ += [f"{entry.name}.svg: {d}" for d in compare_svg(kept.read_text(encoding="utf-8"), new)]
    if check and PAGE.read_text(encoding="utf-8") != page():
        differ.append("gallery.md differs")
    if not check:
        PAGE.write_text(page(), encoding="utf-8")
        for stale in set(PICTURES.glob("*.svg")) - {PICTURES / f"{e.name}.svg" for e in ENTRIES}:
            stale.unlink()
    print(*differ or [f"{len(ENTRIES)} figures of the gallery are as they should be."], sep="\n")
    return 4 if differ else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
