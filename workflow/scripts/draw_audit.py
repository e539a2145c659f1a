"""Pictures of printed results and claims: reproduction.json, claims.json -> a folder of pages."""

from functools import partial
from pathlib import Path
from typing import Any

from job import draw_pages, job

with job(snakemake) as written:
    from metarepro.claims.result import claims_from_json
    from metarepro.figures.claims.overview import claims_overview_pages
    from metarepro.figures.reproductions.differences import differences_pages
    from metarepro.figures.reproductions.result_figures import result_figures
    from metarepro.reproduction.result import by_basis, reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))
    pictures: list[Any] = []
    checked = [r for r in found if r.recomputed is not None and r.basis == "printed inputs"]
    if checked:
        pictures.append(("reproduction", checked, partial(differences_pages, by_basis(checked))))
    if claims:
        pictures.append(("claims", claims, partial(claims_overview_pages, claims)))
    # Those with printed numbers of studies do not depend on our rows, and are drawn apart.
    pictures += result_figures([r for r in found if r.basis != "printed inputs"])
    written += draw_pages(snakemake, pictures)
