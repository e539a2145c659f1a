"""Our forest plots of the BCG trials beside R's, and what can be measured in both; for docs/figures-compared.md.

    Rscript benchmarks/figures_compared.R OUT/r
    python benchmarks/figures_compared.py OUT            # draws ours into OUT/ours, writes OUT/compared.json
    python benchmarks/figures_compared.py OUT --docs     # and the pictures of docs/figures-compared/

Measured in the PDF of each picture (poppler's pdftotext and pdffonts): pairs of words whose boxes overlap, words off
the page, fonts not embedded; in the SVG: pieces of text, smallest type, title and description.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import itertools
import json
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import metarepro as mr
import metarepro.figures as figures
from metarepro.analysis.from_fit import result_of
from metarepro.analysis.result import AnalysisResult
from metarepro.effects import effect_sizes
from metarepro.figures import forest, write_figure
from metarepro.figures.styles import STYLES

WIDTHS = (84, 120, 174)
DOCS = Path(__file__).resolve().parents[1] / "docs" / "figures-compared"

N = r'"([-\d.]+)"'
WORD = re.compile(f"<word xMin={N} yMin={N} xMax={N} yMax={N}>(.*?)</word>")
SIZE = re.compile(r"font-size: ?([\d.]+)px|font: ?(?:[a-z]+ )?([\d.]+)px")

# dat.bcg of metadat: Colditz et al. 1994, doi:10.1001/jama.1994.03510330076038. Label, cases and trial size of the
# vaccinated and the others, degrees of latitude, allocation.
TRIALS = (
    ("Aronson, 1948", 4, 123, 11, 139, 44, "random"),
    ("Ferguson & Simes, 1949", 6, 306, 29, 303, 55, "random"),
    ("Rosenthal et al, 1960", 3, 231, 11, 220, 42, "random"),
    ("Hart & Sutherland, 1977", 62, 13598, 248, 12867, 52, "random"),
    ("Frimodt-Moller et al, 1973", 33, 5069, 47, 5808, 13, "alternate"),
    ("Stein & Aronson, 1953", 180, 1541, 372, 1451, 44, "alternate"),
    ("Vandiviere et al, 1973", 8, 2545, 10, 629, 19, "random"),
    ("TPT Madras, 1980", 505, 88391, 499, 88391, 13, "random"),
    ("Coetzee & Berjak, 1968", 29, 7499, 45, 7277, 27, "random"),
    ("Rosenthal et al, 1961", 17, 1716, 65, 1665, 42, "systematic"),
    ("Comstock et al, 1974", 186, 50634, 141, 27338, 18, "systematic"),
    ("Comstock & Webster, 1969", 5, 2498, 3, 2341, 33, "systematic"),
    ("Comstock et al, 1976", 27, 16913, 29, 17854, 33, "systematic"),
)


def analysis(groups: bool = True, ci: str = "z", pi: str = "HTS") -> AnalysisResult:
    """The BCG trials as an analysis result, risk ratio by REML."""
    labels, e1, n1, e2, n2, latitude, allocation = zip(*TRIALS, strict=True)
    inputs = {"e1": e1, "n1": n1, "e2": e2, "n2": n2}
    effects = effect_sizes("RR", **inputs)
    yi, vi = effects.yi, effects.vi
    fit = mr.pool(yi, vi, tau2="REML", ci=ci, pi=pi)
    common = mr.pool(yi, vi, tau2="CE", ci="z")
    return result_of(
        fit, measure="RR", labels=labels, inputs=inputs, groups=allocation if groups else None, experimental="vaccine",
        control="no vaccine", better="low", outcome="Tuberculosis", title="BCG vaccine against tuberculosis",
        models={"Common effect": common}, columns={"Latitude": latitude},
    )  # fmt: skip


def draw_ours(folder: Path) -> dict[str, float]:
    """Our pictures, and the seconds that each takes, drawing and writing of one format together."""
    folder.mkdir(parents=True, exist_ok=True)
    result, plain, seconds = analysis(), analysis(groups=False), {}
    for style, width in itertools.product(STYLES, WIDTHS):
        name = f"ours_{style}_{width}"
        for kind in ("png", "pdf", "svg"):
            start = time.perf_counter()
            write_figure(forest(result, style=style, width_mm=width), folder / name, formats=(kind,), dpi=150)
            seconds[f"{name} {kind}"] = time.perf_counter() - start
    # As little as metafor shows in one line: no groups, no further columns or models.
    light = dataclasses.replace(plain, figure=dataclasses.replace(plain.figure, models=(), columns=()))
    write_figure(forest(analysis(ci="HK"), width_mm=174), folder / "ours_hartung_knapp_174", dpi=150)
    for width in WIDTHS:
        write_figure(forest(plain, width_mm=width), folder / f"ours_no_groups_{width}", dpi=150)
        write_figure(forest(light, width_mm=width), folder / f"ours_light_{width}", dpi=150)
        if "funnel" in figures.__all__:
            write_figure(figures.funnel(plain, width_mm=width), folder / f"ours_funnel_{width}", dpi=150)
    return seconds


def measure(pdf: Path) -> dict[str, Any]:
    """What can be counted in a picture, the same for every tool."""
    text = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    page = re.search(r'<page width="([\d.]+)" height="([\d.]+)"', text)
    assert page is not None
    width, height = map(float, page.groups())
    boxes = [(*map(float, m.groups()[:4]), m.group(5)) for m in WORD.finditer(text)]
    overlaps = [f"{a[4]} / {b[4]}" for a, b in itertools.combinations(boxes, 2) if overlap(a, b)]
    off = [b[4] for b in boxes if b[0] < -0.5 or b[1] < -1 or b[2] > width + 0.5 or b[3] > height + 1]
    fonts = subprocess.run(["pdffonts", str(pdf)], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    found: dict[str, Any] = {
        "mm": [round(width / 72 * 25.4, 1), round(height / 72 * 25.4, 1)],
        "overlapping pairs of words": len(overlaps), "overlaps": overlaps[:60], "words off the page": off,
        "fonts": [f[:36].strip() + ": " + " ".join(f[36:].split()) for f in fonts],
    }  # fmt: skip
    svg = pdf.with_suffix(".svg")
    if svg.exists():
        source = svg.read_text(encoding="utf-8")
        sizes = [float(a or b) for a, b in SIZE.findall(source)]
        found |= {
            "text elements": source.count("<text"), "smallest type": min(sizes, default=None),
            "title and description": "<title" in source and "<desc" in source, "svg bytes": len(source),
        }  # fmt: skip
    found["png sha256"] = hashlib.sha256(pdf.with_suffix(".png").read_bytes()).hexdigest()
    return found


def overlap(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two words overlap: by more than 0.7 pt across and a third of the lower one's height.

    Boxes are as high as the font's longest letters, so lines set close touch in them without touching on paper.
    """
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return across > 0.7 and down > 0.35 * min(a[3] - a[1], b[3] - b[1])


def hidden(svg: Path) -> int:
    """How many intervals of studies are shorter than their square."""
    return svg.read_text(encoding="utf-8").count('class="mr-estimate"')


def side_by_side(pictures: list[Path], path: Path) -> None:
    """Pictures beside each other, 8-bit palette."""
    from PIL import Image

    images = [Image.open(p).convert("RGB") for p in pictures if p.exists()]
    gap = 24
    size = (sum(i.width for i in images) + gap * (len(images) - 1), max(i.height for i in images))
    total = Image.new("RGB", size, "#c9c9c9")
    x = 0
    for image in images:
        total.paste(image, (x, 0))
        x += image.width + gap
    total.quantize(40, method=Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE).save(path, optimize=True)


def numbers_of(result: AnalysisResult) -> dict[str, Any]:
    """Our numbers, by the names that figures_compared.R gives R's."""
    s, test = result.summary, result.subgroup_test
    assert s is not None and test is not None
    common = result.sensitivity[0].summary
    assert common is not None
    groups = {}
    for g in result.subgroups:
        assert g.summary is not None
        groups[g.label] = {"estimate": g.summary.estimate, "ci": [g.summary.ci_low, g.summary.ci_high]}
        groups[g.label] |= {"tau2": g.summary.tau2, "I2": g.summary.i2, "Q": g.summary.q}
    z, t = (analysis(pi=pi).summary for pi in ("z", "t"))
    assert z is not None and t is not None
    studies = [
        {"label": x.label, "estimate": x.estimate, "low": x.ci_low, "high": x.ci_high, "weight": x.weight}
        for x in result.studies
    ]
    return {
        "random": {
            "estimate": s.estimate, "ci": [s.ci_low, s.ci_high], "pi": [z.pi_low, z.pi_high], "tau2": s.tau2,
            "tau2_ci": [s.tau2_low, s.tau2_high], "I2": s.i2, "I2_ci": [s.i2_low, s.i2_high], "Q": s.q, "Qp": s.q_p,
        },
        "pi_of_t": [t.pi_low, t.pi_high], "pi as printed": [s.pi_low, s.pi_high],
        "common": {"estimate": common.estimate, "ci": [common.ci_low, common.ci_high], "I2": common.i2},
        "groups": groups, "between": {"Q": test.q, "df": test.df, "p": test.p}, "studies": studies,
    }  # fmt: skip


def differences(ours: Any, theirs: Any, where: str = "") -> dict[str, float]:
    """Relative differences of the numbers that both have."""
    if isinstance(ours, dict):
        found: dict[str, float] = {}
        for name in ours.keys() & theirs.keys():
            found |= differences(ours[name], theirs[name], f"{where} {name}".strip())
        return found
    if isinstance(ours, list):
        found = {}
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
            found |= differences(a, b, f"{where} {number}")
        return found
    return {} if isinstance(ours, str) else {where: abs(ours - theirs) / max(abs(theirs), 1e-300)}


def table(pictures: dict[str, dict[str, Any]]) -> str:
    """What was measured, as a table of Markdown."""
    head = ["picture", "mm", "overlapping pairs", "words cut off", "intervals under a square", "smallest type, pt"]
    head += ["fonts embedded", "text in the SVG", "title and description"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for name, p in pictures.items():
        cells = [f"`{name}`", " × ".join(f"{x:g}" for x in p["mm"]), p["overlapping pairs of words"]]
        cells += [len(p["words off the page"]), p["intervals under a square"], p.get("smallest type", "")]
        embedded = all(" yes yes " in f for f in p["fonts"])
        cells += ["yes" if embedded else "no", f"{p.get('text elements', 0)} pieces"]
        cells += ["yes" if p.get("title and description") else "no"]
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Draw, measure, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", action="store_true", help="also write docs/figures-compared/ and the page's table")
    given = parser.parse_args()
    start = time.perf_counter()
    forest(analysis())
    first = time.perf_counter() - start
    seconds = draw_ours(given.out / "ours")
    pictures = {}
    for pdf in sorted([*(given.out / "ours").glob("*.pdf"), *(given.out / "r").glob("*.pdf")]):
        pictures[pdf.stem] = measure(pdf)
        ours = pdf.parent.name == "ours"
        pictures[pdf.stem]["intervals under a square"] = hidden(pdf.with_suffix(".svg")) if ours else "by eye"
    compared: dict[str, Any] = {"seconds of the first, with its fit": first, "seconds": seconds, "pictures": pictures}
    compared["numbers"] = numbers_of(analysis())
    if (theirs := given.out / "r" / "r.json").exists():
        r = json.loads(theirs.read_text())
        compared["R"] = r["numbers"]["versions"] | {"seconds": r["seconds"]}
        compared["relative differences"] = differences(compared["numbers"], r["numbers"])
        worst = sorted(compared["relative differences"].items(), key=lambda x: -x[1])[:8]
        print("largest relative differences:", *(f"{name} {value:.1e}" for name, value in worst), sep="\n  ")
    for tool in ("ours", "metafor", "meta"):
        for kind in ("png", "pdf", "svg"):
            every = seconds if tool == "ours" else compared.get("R", {}).get("seconds", {})
            values = [v for n, v in every.items() if n.startswith(f"{tool}_") and n.endswith(kind)]
            if values:
                print(f"{tool} {kind}: median {statistics.median(values):.3f} s of {len(values)}")
    (given.out / "compared.json").write_text(json.dumps(compared, indent=1, default=float))
    if given.docs:
        write_docs(given.out, pictures)


def write_docs(out: Path, pictures: dict[str, dict[str, Any]]) -> None:
    """The pictures of the page, and its table between the marks."""
    DOCS.mkdir(exist_ok=True)
    for width in (174, 84):
        names = [f"ours/ours_plain_{width}", f"r/metafor_recipe_{width}", f"r/meta_RevMan5_{width}"]
        side_by_side([out / f"{n}.png" for n in names], DOCS / f"{width}mm.png")
    names = ["ours/ours_light_84", "r/metafor_one_line_84", "r/metafor_one_line_84_small_type"]
    side_by_side([out / f"{n}.png" for n in names], DOCS / "84mm-no-groups.png")
    page = DOCS.with_suffix(".md")
    text = page.read_text(encoding="utf-8")
    start, end = "<!-- measured -->\n", "\n<!-- end -->"
    before, rest = text.split(start)
    page.write_text(f"{before}{start}{table(pictures)}{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
