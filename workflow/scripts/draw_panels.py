"""Several analyses together: their fit.json -> a figure for each of `panels`, and one of results of single studies."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from job import job, kept_files, remove_undrawn

with job(snakemake) as written:
    from metarepro.analysis.reserved_names import SINGLE_STUDIES
    from metarepro.analysis.result import from_json
    from metarepro.figures.forest_plots.side_by_side import forest_panels
    from metarepro.figures.page.files import write_figure
    from metarepro.figures.single_study_plots.single_studies import single_studies_pages, single_study
    from metarepro.output import write_whole

    kept = kept_files(snakemake)
    fits = {Path(fit).parent.name: Path(fit).read_text(encoding="utf-8") for fit in snakemake.input.fits}
    index = Path(snakemake.output.index)
    index.parent.mkdir(parents=True, exist_ok=True)
    asked = json.loads(Path(snakemake.input.panels).read_text(encoding="utf-8"))
    for panels in asked:
        stem = index.parent / panels["id"]

        def draw(stem: Path = stem, panels: dict[str, Any] = panels) -> tuple[list[Path], None]:
            figure = forest_panels(
                [from_json(fits[name]) for name in panels["analyses"]], titles=panels["heads"] or None,
                title=panels["title"], width_mm=panels["width_mm"], style=panels["style"],
            )  # fmt: skip
            return write_figure(figure, stem, dpi=panels["dpi"]), None

        shown = json.dumps([panels, [fits[name] for name in panels["analyses"]]])
        written += kept.take_or_make(shown, stem, draw)[0]
    single = [r for r in map(from_json, fits.values()) if single_study(r) is not None]
    if single:
        stem = index.parent / SINGLE_STUDIES
        shown = json.dumps([fits[r.id] for r in single])
        pages = partial(single_studies_pages, single)
        written += kept.take_or_make(shown, stem, lambda: (write_figure(pages(), stem, ("svg", "pdf")), None))[0]
    kept.forget_others()
    remove_undrawn(index.parent.iterdir(), [index, *written])
    write_whole(
        index,
        json.dumps({"drawn": [*(p["id"] for p in asked), *([SINGLE_STUDIES] if single else [])]}, indent=1) + "\n",
    )
