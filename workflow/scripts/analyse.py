"""Numbers of some analyses: records -> fit.json, robustness.json and tables of each."""

from pathlib import Path
from typing import Any

from job import job, kept_files

with job(snakemake):
    from metarepro.analysis.result import to_json
    from metarepro.analysis.run import run_analysis
    from metarepro.analysis.tables import effects_csv, multiverse_csv, robustness_csv
    from metarepro.output import write_whole
    from metarepro.project.records import inputs_of_analysis, read_data, read_settings
    from metarepro.records import to_json_text

    kept = kept_files(snakemake)
    settings = read_settings(snakemake.input.settings)
    tables = read_data([snakemake.input.data])
    by_id = {a.id: a for a in settings.analyses}
    for folder in (Path(fit).parent for fit in snakemake.output.fits):
        config, data, made_of = inputs_of_analysis(settings, by_id[folder.name], tables)

        def make(folder: Path = folder, config: Any = config, data: Any = data) -> Any:
            result = run_analysis(config, config.analyses[0], data)
            parts = {
                "leave_one_out": result.leave_one_out,
                "robustness": result.robustness,
                "multiverse": result.multiverse,
            }
            texts = {
                "fit.json": to_json(result),
                "effects.csv": effects_csv(result),
                "robustness.json": to_json_text(parts),
                "robustness.csv": robustness_csv(result),
                "multiverse.csv": multiverse_csv(result),
            }
            for name, text in texts.items():
                write_whole(folder / name, text)
            used = f"{len(result.studies)} studies used, {len(result.left_out)} left out"
            return [folder / name for name in texts], used

        _, used = kept.take_or_make(made_of, folder, make)
        print(f"{folder.name}: {used}")
    kept.forget_others()
