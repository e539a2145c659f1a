"""Several analyses side by side: their fit.json -> a folder with a figure for each entry of `panels`."""

import json
from pathlib import Path

from job import job

with job(snakemake) as written:
    from metarepro.analysis.result import from_json
    from metarepro.figures.forest_plots.side_by_side import forest_panels
    from metarepro.figures.page.files import write_figure
    from metarepro.output import write_whole

    found = [from_json(Path(fit).read_text(encoding="utf-8")) for fit in snakemake.input.fits]
    by_id = {result.id: result for result in found}
    index = Path(snakemake.output.index)
    index.parent.mkdir(parents=True, exist_ok=True)
    for old in index.parent.iterdir():
        old.unlink()
    asked = json.loads(Path(snakemake.input.panels).read_text(encoding="utf-8"))
    for panels in asked:
        figure = forest_panels(
            [by_id[name] for name in panels["analyses"]], titles=panels["heads"] or None, title=panels["title"],
            width_mm=panels["width_mm"], style=panels["style"],
        )  # fmt: skip
        written += write_figure(figure, index.parent / panels["id"], dpi=panels["dpi"])
    write_whole(index, json.dumps({"drawn": [p["id"] for p in asked]}, indent=1) + "\n")
