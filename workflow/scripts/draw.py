"""Pictures of some analyses: fit.json files and their looks -> forest plots and further figures."""

import json
from pathlib import Path
from typing import Any

from job import job, kept_files, remove_undrawn

with job(snakemake) as written:
    from metarepro.analysis.result import from_json
    from metarepro.analysis.shown_result import ShownResult
    from metarepro.errors import MetareproError
    from metarepro.figures.analysis_figures import draw_analysis
    from metarepro.output import write_whole
    from metarepro.project.looks import read_looks, with_looks

    kept = kept_files(snakemake)
    looks = read_looks(snakemake.input.looks)
    planned = {Path(file).parent.name for file in snakemake.output if Path(file).name == "forest.svg"}
    for name, fit, index in zip(looks, snakemake.input.fits, snakemake.output.indexes, strict=True):
        text = Path(fit).read_text(encoding="utf-8")
        result = with_looks(from_json(text), looks[name])
        if (len(result.studies) > 1) != (name in planned):
            raise MetareproError("The tables were changed while the run was planned, so it stopped. Run it again.")
        folder, home, png = Path(index).parent, Path(fit).parent, looks[name]["png"]
        folder.mkdir(parents=True, exist_ok=True)

        def draw(result: ShownResult = result, folder: Path = folder, home: Path = home, png: str = png) -> Any:
            drawn = draw_analysis(result, folder, home, png)
            return drawn.files, {"drawn": drawn.drawn, "not_drawn": drawn.not_drawn}

        files, known = kept.take_or_make(text + json.dumps(looks[name]), home, draw)
        written += files
        remove_undrawn([*folder.iterdir(), *home.glob("forest.*")], [Path(index), *files])
        write_whole(Path(index), json.dumps(known, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: {', '.join(known['drawn']) or 'nothing'} drawn; not: {', '.join(known['not_drawn']) or 'none'}")
    kept.forget_others()
