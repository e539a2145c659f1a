"""Each printed result that was checked, alone: all ways of computing it, its studies -> a folder of figures."""

import json
from pathlib import Path

from job import job

with job(snakemake) as written:
    from metarepro.figures.page.files import write_figure
    from metarepro.figures.reproductions.result_figures import result_figures
    from metarepro.output import write_whole
    from metarepro.reproduction.result import reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    index = Path(snakemake.output.index)
    index.parent.mkdir(parents=True, exist_ok=True)
    for old in index.parent.iterdir():
        old.unlink()
    figures = result_figures(found)
    for name, figure in figures.items():
        written += write_figure(figure, index.parent / name, ("svg", "pdf"))
    write_whole(index, json.dumps({"drawn": list(figures)}, indent=1) + "\n")
