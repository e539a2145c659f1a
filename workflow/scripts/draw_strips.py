"""Each printed result that was checked, alone: all ways of computing it, its studies -> a folder of figures."""

from pathlib import Path

from job import draw_pages, job

with job(snakemake) as written:
    from metarepro.figures.reproductions.result_figures import result_figures
    from metarepro.reproduction.result import reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    # To be looked at from the page; nobody prints hundreds of them.
    written += draw_pages(snakemake, result_figures(found), ("svg",))
