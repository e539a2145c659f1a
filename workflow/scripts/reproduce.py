"""Printed results against recomputed ones -> reproduction.csv and reproduction.json."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.evidence import read_dataset
    from metarepro.output import write_whole
    from metarepro.reproduction import reproduce, reproduction_csv, reproductions_to_json

    config = read_config(Path(snakemake.input.config))
    data = read_dataset(Path(snakemake.input.data), config.data, config.dialects)
    found = reproduce(config, data)
    write_whole(Path(snakemake.output.table), reproduction_csv(found))
    write_whole(Path(snakemake.output.reproductions), reproductions_to_json(found))
    print(f"{len(found)} printed results, {sum(r.failed for r in found)} not as demanded")
