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
from metarepro.figures.page.compare_svg import compare_svg  # noqa: E402

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
    Entry(
        "funnel", "Contour-enhanced funnel plot",
        "Shades say where a study's own test is significant; the blue lines belong to the pooled estimate: dashed its "
        "value, solid its pseudo limits. Below ten "
        "studies it is not drawn unless asked for.",
        """figure = mr.figures.funnel(fit, title="BCG vaccine and tuberculosis", **about)""",
    ),
    Entry(
        "drapery", "Drapery plot",
        "The p-value of every possible effect: of each study, of the pooled estimate, of a new study.",
        """figure = mr.figures.drapery(results["response_24h_or"])""",
    ),
    Entry(
        "bubble", "Bubble plot of a meta-regression",
        "Area by weight, the line with its confidence and prediction bands, over the range of the data only.",
        """figure = mr.figures.bubble(
    mr.meta_regression(es.yi, es.vi, "latitude", bcg), "latitude",
    labels=bcg.trial, measure="RR", x_label="Absolute latitude (degrees)", title="BCG vaccine: effect by latitude",
)""",
    ),
    Entry(
        "dumbbell", "Printed against recomputed results",
        "What reviews print, what their own numbers give, and the verdict.",
        """from metarepro.reproduction import reproduce

printed = {r.id: r for r in reproduce(config, data)}
reviews = ("sypres_psilodep", "nissen2007", "cooney2013")
figure = mr.figures.dumbbell([r for r in printed.values() if r.review in reviews])""",
    ),
    Entry(
        "study_pairs", "Published against recomputed effects, study by study",
        "Where a report prints the effects of its studies, each stands beside the recomputed one.",
        """figure = mr.figures.study_pairs(printed["psilodep_g"])""",
    ),
    Entry(
        "specification_strip", "All ways of computing a printed result",
        "Every estimate that formulas and estimators give, and which of them the report may have used.",
        """figure = mr.figures.specification_strip(printed["psilodep_g"])""",
    ),
    Entry(
        "claims", "Claims and what the data say",
        "Each claim with its verdict and what decided it; the first page.",
        """from metarepro.claims import audit_claims

claims = audit_claims(config, data, results, printed)
figure = mr.figures.claims_overview_pages(claims)[0]""",
    ),
    Entry(
        "single_studies", "Results of single studies",
        "Results that rest on one study each, a block for what shares an axis; nothing is pooled.",
        """figure = mr.figures.single_studies(list(results.values()))""",
    ),
    Entry(
        "time_course_overlay", "Time course, all trials in one plot",
        "Each arm named beside its last visit; the area of a symbol follows the patients rated.",
        """from metarepro.analysis import time_courses

courses = time_courses(data, "response", agents=["ketamine", "saline", "midazolam", "placebo"])
figure = mr.figures.time_course_overlay(courses, outcome_label="Response")""",
    ),
    Entry(
        "time_course", "Time course by trial",
        "A panel a trial, all with the same axes; the first page.",
        """from metarepro.analysis import time_courses

courses = time_courses(data, "response", agents=["ketamine", "saline", "midazolam", "placebo"])
figure = mr.figures.time_course_pages(courses, outcome_label="Response")[0]""",
    ),
    Entry(
        "risk_of_bias", "Risk of bias, study by study",
        "Shape, sign and colour say the same; what was not assessed is never green. Trials of psilocybin.",
        """from metarepro.analysis import assessments_of

psilocybin = read_dataset(Path("examples/psilocybin/data/raw"))
assessments = assessments_of(psilocybin)
figure = mr.figures.risk_of_bias(assessments)""",
    ),
    Entry(
        "risk_of_bias_bars", "Risk of bias, by share",
        "The share of the studies under each judgement; given weights, of the weight, and the figure says which.",
        """figure = mr.figures.risk_of_bias_bars(assessments)""",
    ),
    Entry(
        "prisma_flow", "PRISMA 2020 flow",
        "From a small YAML file; numbers that do not add up are refused with both sums.",
        """from metarepro.analysis import read_flow

figure = mr.figures.prisma_flow(read_flow(Path("examples/flow/flow.yaml")))""",
    ),
    Entry(
        "specification_curve", "Specification curve",
        "Every combination of the choices of an analysis, the smallest effect first, and which choices each takes.",
        """figure = mr.figures.specification_curve(results["response_24h_or"])""",
    ),
    Entry(
        "analysis_flow", "Which studies an analysis uses",
        "From the tables to the pooled studies, with the reasons.",
        """figure = mr.figures.analysis_flow(results["response_24h_or"])""",
    ),
    Entry(
        "leave_one_out", "Leave-one-out and cumulative plots",
        "A row a fit: without each study, or up to each study; the dotted line is the result of all.",
        """es = mr.effect_sizes("RR", **counts, labels=bcg.trial)
figure = mr.figures.refit_rows(mr.leave_one_out(es), title="BCG vaccine and tuberculosis, one trial left out")""",
    ),
    Entry(
        "baujat", "Baujat plot",
        "Which studies cause heterogeneity, and which move the result.",
        """figure = mr.figures.baujat(es, title="BCG vaccine and tuberculosis")""",
    ),
    Entry(
        "influence", "Influence of each study",
        "Deletion diagnostics beside each other, with where rules of thumb begin.",
        """figure = mr.figures.influence_panel(es, title="BCG vaccine and tuberculosis: influence of each trial")""",
    ),
    Entry(
        "gosh", "GOSH plot",
        "Effect and I2 of all subsets of the trials; which of them hold one trial.",
        """figure = mr.figures.gosh_plot(mr.gosh(es, tau2="DL"), measure="RR", study="TPT Madras, 1980")""",
    ),
    Entry(
        "radial", "Radial plot",
        "Precise trials to the right, effects as slopes; who lies outside the band.",
        """figure = mr.figures.radial(mr.pool(es), title="BCG vaccine and tuberculosis")""",
    ),
    Entry(
        "labbe", "L'Abb\u00e9 plot",
        "Events under treatment against events under control.",
        """figure = mr.figures.labbe(mr.pool(es), title="BCG vaccine and tuberculosis")""",
    ),
    Entry(
        "orchard", "Orchard plot",
        "Many studies as circles around the pooled effect, with both intervals; a row a subgroup.",
        """schools = pd.read_csv("examples/textbook/konstantopoulos2011.csv")
period = schools.year.map(lambda year: "to 1989" if year < 1990 else "from 1990")
figure = mr.figures.orchard(
    mr.pool("yi", "vi", data=schools), title="Modified school calendars and achievement", groups=period, measure="SMD",
)""",
    ),
    Entry(
        "network", "Network of treatments",
        "Which treatments are compared directly, and by how many studies.",
        """events, arms = pd.read_csv("data/raw/dichotomous.csv"), pd.read_csv("data/raw/arms.csv")
rows = events.query("outcome == 'response' and timepoint_h == 24 and poolable == 'yes' and chosen == 'yes'")
rows = rows.merge(arms[["study_id", "arm_id", "agent"]])
rows = rows.groupby(["study_id", "agent"], as_index=False)[["events", "total"]].sum()
rows = rows[rows.groupby("study_id").agent.transform("size") > 1].replace({"agent": {"saline": "placebo"}})
net = mr.network_from_arms(
    "OR", study="study_id", treatment="agent", e="events", n="total", data=rows, reference="placebo", method="CE"
)
figure = mr.figures.network_plot(net, title="Response after 24 hours: which treatments are compared")""",
    ),
    Entry(
        "p_curve", "p-curve",
        "How the significant p-values are spread, beside what no effect and low power would give.",
        """figure = mr.figures.p_curve_plot(mr.p_curve(es), title="BCG vaccine and tuberculosis")""",
    ),
    Entry(
        "integrity", "What does not fit in the tables",
        "Findings of the trustworthiness checks by study and check; the first page.",
        """from metarepro.evidence.integrity import check_integrity

labels = {s.study_id: s.label for s in data.studies.values()}
figure = mr.figures.integrity_overview_pages(check_integrity(data), labels=labels)[0]""",
    ),
)  # fmt: skip


def draw(entry: Entry, names: dict[str, Any]) -> list[Any]:
    """The pages of an entry; what its code names is there for the next ones."""
    exec(entry.code, names)  # the code that the page shows is the code that runs
    figure = names["figure"]
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
