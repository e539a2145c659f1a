"""Pictures of printed results and claims: reproduction.json, claims.json -> a folder of pages.

How many pages there are follows from the data, so the output is a folder.
"""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.claims import claims_from_json
    from metarepro.figures import claims_overview_pages, demand_files, dumbbell_pages, study_pairs_pages, write_figure
    from metarepro.reproduction import by_basis, reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))
    folder = Path(snakemake.output.folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {}
    if found:
        figures["reproduction"] = dumbbell_pages(by_basis(found))
    if claims:
        figures["claims"] = claims_overview_pages(claims)
    figures |= {f"studies-{r.id}": study_pairs_pages(r) for r in found if any(s.printed.estimate for s in r.studies)}
    for name, figure in figures.items():
        write_figure(figure, folder / name)
        demand_files(folder / name, pages=figure)
    print(f"drawn: {', '.join(figures)}")
