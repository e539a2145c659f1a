"""What changed since the run before: results, figures, tables and configuration -> changes.json."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.changes import inputs_of, keep_run
    from metarepro.evidence import read_dataset
    from metarepro.output import write_whole

    config = read_config(Path(snakemake.input.config))
    data = read_dataset(Path(snakemake.input.data), config.data, config.dialects)
    changes = keep_run(Path(snakemake.input.results).parent, inputs_of(config, data), Path(snakemake.params.store))
    write_whole(Path(snakemake.output.changes), changes.to_json())
