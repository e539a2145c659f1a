"""Pictures of printed results and claims: reproduction.json, claims.json -> a folder of pages."""

import json
from pathlib import Path
from typing import Any

from job import job

with job(snakemake) as written:
    from metarepro.claims.result import claims_from_json
    from metarepro.figures.claims.overview import claims_overview_pages
    from metarepro.figures.page.files import write_figure
    from metarepro.figures.reproductions.dumbbell import dumbbell_pages
    from metarepro.figures.reproductions.result_figures import result_figures
    from metarepro.output import write_whole
    from metarepro.reproduction.result import by_basis, reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))
    index = Path(snakemake.output.index)
    index.parent.mkdir(parents=True, exist_ok=True)
    for old in index.parent.iterdir():
        old.unlink()
    figures: dict[str, Any] = {}
    checked = [r for r in found if r.verdict != "not checkable"]
    if checked:
        figures["reproduction"] = dumbbell_pages(by_basis(checked), height_mm=370)
    if claims:
        figures["claims"] = claims_overview_pages(claims)
    # Those with printed numbers of studies do not depend on our rows, and are drawn apart.
    figures |= result_figures([r for r in found if r.basis != "printed inputs"])
    for name, figure in figures.items():
        written += write_figure(figure, index.parent / name, ("svg", "pdf"))
    write_whole(index, json.dumps({"drawn": list(figures)}, indent=1) + "\n")
