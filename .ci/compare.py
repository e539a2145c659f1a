"""Compare regenerated results with the committed references and say what moved.

python .ci/compare.py            compare; exit code 4 when something moved
python .ci/compare.py --update   make the regenerated ones the references
"""

import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from metarepro.analysis.compare import compare_results  # noqa: E402 - the path must be set first
from metarepro.figures.page.compare_svg import compare_svg  # noqa: E402

REFERENCE, RESULTS = ROOT / "reference", ROOT / "results"


def figures() -> dict[str, Path]:
    """Regenerated forest plots by analysis, and the figures of printed results and claims."""
    found = {f.parent.name: f for f in sorted(RESULTS.glob("analyses/*/forest.svg"))}
    # Of the strips, those of one report: all of them would be megabytes.
    for files in ("audit/*.svg", "specifications/psilodep*.svg"):
        found |= {f"{f.parent.name}-{f.stem}": f for f in sorted(RESULTS.glob(files))}
    return found


def verdicts() -> str:
    """Verdict of every printed result and every claim, one a line."""
    targets = json.loads((RESULTS / "reproduction.json").read_text(encoding="utf-8"))["targets"]
    claims = json.loads((RESULTS / "claims.json").read_text(encoding="utf-8"))["claims"]
    return "".join(f"{x['id']}: {x['verdict']}\n" for x in (*targets, *claims))


def update() -> None:
    """Replace the references."""
    shutil.rmtree(REFERENCE, ignore_errors=True)
    (REFERENCE / "figures").mkdir(parents=True)
    shutil.copy(RESULTS / "results.json", REFERENCE)
    (REFERENCE / "verdicts.txt").write_text(verdicts(), encoding="utf-8")
    for name, file in figures().items():
        shutil.copy(file, REFERENCE / "figures" / f"{name}.svg")


def compare() -> int:
    """Print what moved; 0 when nothing did."""
    old, new = (json.loads((p / "results.json").read_text(encoding="utf-8")) for p in (REFERENCE, RESULTS))
    moved = compare_results(old, new)
    before, now = (REFERENCE / "verdicts.txt").read_text(encoding="utf-8").splitlines(), verdicts().splitlines()
    moved += [f"verdict gone: {line}" for line in before if line not in now]
    moved += [f"verdict new: {line}" for line in now if line not in before]
    references = {f.stem: f for f in sorted((REFERENCE / "figures").glob("*.svg"))}
    for name in sorted(set(references) | set(figures())):
        if name not in figures() or name not in references:
            moved.append(f"figure {name} is {'gone' if name in references else 'new'}")
            continue
        texts = [p.read_text(encoding="utf-8") for p in (references[name], figures()[name])]
        if texts[0] != texts[1]:
            moved += [f"figure {name}: {line}" for line in compare_svg(*texts)]
    same = sum(references[n].read_bytes() == f.read_bytes() for n, f in figures().items() if n in references)
    print(f"{len(figures())} figures regenerated, {same} of {len(references)} byte-identical to their references.")
    if moved:
        print(f"{len(moved)} differences from reference/:", *moved[:200], sep="\n  ")
        print("If they are meant: python .ci/compare.py --update, and commit reference/.")
        return 4
    print("No number and no picture moved.")
    return 0


if __name__ == "__main__":
    if "--update" in sys.argv[1:]:
        update()
    else:
        sys.exit(compare())
