"""Numbers of some analyses: records -> fit.json and effects.csv of each."""

from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.analysis.result import to_json
    from metarepro.analysis.run import run_analysis
    from metarepro.analysis.tables import effects_csv
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings

    config = read_settings(snakemake.input.settings)
    data = read_data([snakemake.input.data])
    by_id = {a.id: a for a in config.analyses}
    for fit, effects in zip(snakemake.output.fits, snakemake.output.effects, strict=True):
        name = Path(fit).parent.name
        result = run_analysis(config, by_id[name], data)
        write_whole(Path(fit), to_json(result))
        write_whole(Path(effects), effects_csv(result))
        print(f"{name}: {len(result.studies)} studies used, {len(result.left_out)} left out")
