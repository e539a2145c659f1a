"""Pictures of one analysis: fit.json -> its forest plot with its twins, and a folder of further pages and figures."""

import json
from dataclasses import asdict
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis.result import from_json
    from metarepro.figures import draw_analysis
    from metarepro.output import write_whole

    result = from_json(Path(snakemake.input.fit).read_text(encoding="utf-8"))
    folder = Path(snakemake.output.more)
    folder.mkdir(parents=True, exist_ok=True)
    # The first page is what people look for, and has a place of its own.
    figures = draw_analysis(result, folder, Path(snakemake.output[0]).parent)
    write_whole(folder / "figures.json", json.dumps(asdict(figures), indent=1, ensure_ascii=False) + "\n")
    print(f"drawn: {', '.join(figures.drawn)}; not drawn: {', '.join(figures.not_drawn) or 'none'}")
