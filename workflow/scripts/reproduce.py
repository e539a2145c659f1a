"""All printed results, those beside our own rows too -> reproduction.csv and reproduction.json."""

from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings
    from metarepro.reproduction.all_targets import reproduce
    from metarepro.reproduction.result import reproductions_from_json, reproductions_to_json
    from metarepro.reproduction.tables import reproduction_csv

    done = reproductions_from_json(Path(snakemake.input.printed).read_text(encoding="utf-8"))
    config = read_settings(snakemake.input.settings, snakemake.input.reproduction)
    found = reproduce(config, read_data(snakemake.input.data), done)
    write_whole(Path(snakemake.output.table), reproduction_csv(found))
    write_whole(Path(snakemake.output.reproductions), reproductions_to_json(found))
    print(f"{len(found)} printed results, {sum(r.failed for r in found)} not as demanded")
