"""Numbers of one analysis: tables and configuration -> fit.json and effects.csv."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config, run_analysis, to_json
    from metarepro.analysis.tables import effects_csv
    from metarepro.evidence import read_dataset
    from metarepro.output import write_whole

    config = read_config(Path(snakemake.input.config))
    analysis = next(a for a in config.analyses if a.id == snakemake.wildcards.analysis)
    result = run_analysis(config, analysis, read_dataset(Path(snakemake.input.data), config.data, config.dialects))
    write_whole(Path(snakemake.output.fit), to_json(result))
    write_whole(Path(snakemake.output.effects), effects_csv(result))
    print(f"{len(result.studies)} studies used, {len(result.left_out)} left out")
