"""Numbers of some analyses: records -> fit.json, robustness.json and tables of each."""

from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.analysis.result import to_json
    from metarepro.analysis.run import run_analysis
    from metarepro.analysis.tables import effects_csv, multiverse_csv, robustness_csv
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings
    from metarepro.records import to_json_text

    config = read_settings(snakemake.input.settings)
    data = read_data([snakemake.input.data])
    by_id = {a.id: a for a in config.analyses}
    for fit, effects in zip(snakemake.output.fits, snakemake.output.effects, strict=True):
        folder = Path(fit).parent
        name = folder.name
        result = run_analysis(config, by_id[name], data)
        write_whole(Path(fit), to_json(result))
        write_whole(Path(effects), effects_csv(result))
        parts = {
            "leave_one_out": result.leave_one_out,
            "robustness": result.robustness,
            "multiverse": result.multiverse,
        }
        write_whole(folder / "robustness.json", to_json_text(parts))
        write_whole(folder / "robustness.csv", robustness_csv(result))
        write_whole(folder / "multiverse.csv", multiverse_csv(result))
        print(f"{name}: {len(result.studies)} studies used, {len(result.left_out)} left out")
