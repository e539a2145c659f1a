"""Bubble plots of the meta-regressions: fit.json files -> a folder of figures."""

from pathlib import Path

from job import draw_pages, job

with job(snakemake) as written:
    from metarepro.analysis.result import from_json
    from metarepro.figures.regression_figures import regression_figures

    results = [from_json(Path(fit).read_text(encoding="utf-8")) for fit in snakemake.input.fits]
    written += draw_pages(snakemake, regression_figures(results))
