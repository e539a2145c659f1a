"""Pictures of some analyses: fit.json files and their looks -> forest plots and further figures."""

import json
from pathlib import Path

from job import job

with job(snakemake) as written:
    from metarepro.analysis.result import from_json
    from metarepro.errors import MetareproError
    from metarepro.figures.analysis_figures import draw_analysis
    from metarepro.output import write_whole
    from metarepro.project.looks import read_looks, with_looks

    looks = read_looks(snakemake.input.looks)
    planned = {Path(file).parent.name for file in snakemake.output if Path(file).name == "forest.svg"}
    for name, fit, index in zip(looks, snakemake.input.fits, snakemake.output.indexes, strict=True):
        result = with_looks(from_json(Path(fit).read_text(encoding="utf-8")), looks[name])
        if (len(result.studies) > 1) != (name in planned):
            raise MetareproError("The tables were changed while the run was planned, so it stopped. Run it again.")
        folder, home = Path(index).parent, Path(fit).parent
        folder.mkdir(parents=True, exist_ok=True)
        # What an earlier run drew and this one may not.
        for old in [*folder.iterdir(), *home.glob("forest.*")]:
            old.unlink()
        drawn = draw_analysis(result, folder, home, looks[name]["png"])
        written += drawn.files
        content = {"drawn": drawn.drawn, "not_drawn": drawn.not_drawn}
        write_whole(Path(index), json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: {', '.join(drawn.drawn) or 'nothing'} drawn; not drawn: {', '.join(drawn.not_drawn) or 'none'}")
