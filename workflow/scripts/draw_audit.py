"""Pictures of printed results and claims: reproduction.json, claims.json -> a folder of pages.

How many pages there are follows from the data, so the output is a folder.
"""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.claims import claims_from_json
    from metarepro.figures import claims_overview_pages, dumbbell_pages, save
    from metarepro.reproduction import by_basis, reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))
    folder = Path(snakemake.output.folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {}
    if found:
        figures |= {f"reproduction-{i}": f for i, f in enumerate(dumbbell_pages(by_basis(found)), 1)}
    if claims:
        figures |= {f"claims-{i}": f for i, f in enumerate(claims_overview_pages(claims), 1)}
    for name, figure in figures.items():
        for kind in ("svg", "pdf", "png"):
            save(figure, folder / f"{name}.{kind}")
    print(f"{len(figures)} figures")
