"""Several analyses side by side: their fit.json -> a folder with a figure for each entry of `panels`."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis.result import from_json
    from metarepro.figures import demand_files, forest_panels, write_figure

    results = [from_json(Path(fit).read_text(encoding="utf-8")) for fit in snakemake.input.fits]
    by_id = {result.id: result for result in results}
    folder = Path(snakemake.output.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for panels in snakemake.params.panels:
        members = [by_id[name] for name in panels["analyses"]]
        options = {"titles": panels["heads"] or None, "title": panels["title"], "width_mm": panels["width_mm"]}
        options["style"] = panels["style"]
        figure = forest_panels(members, **options)
        write_figure(figure, folder / panels["id"], dpi=panels["dpi"])
        demand_files(folder / panels["id"], pages=figure, dpi=panels["dpi"])
    print(f"{len(snakemake.params.panels)} figures")
