"""Pictures of one analysis: fit.json -> forest plot in three formats."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis.result import from_json
    from metarepro.figures import forest, save

    figure = forest(from_json(Path(snakemake.input.fit).read_text(encoding="utf-8")))
    for path in snakemake.output:
        save(figure, Path(path))
