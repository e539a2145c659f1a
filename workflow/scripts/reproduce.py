"""All printed results, those beside our own rows too -> reproduction.csv and reproduction.json."""

from pathlib import Path
from typing import Any

from job import job, kept_files

with job(snakemake):
    from metarepro.output import write_whole
    from metarepro.project.records import inputs_of_analysis, read_data, read_settings, tables_of_analysis
    from metarepro.project.seals import hash_file
    from metarepro.records import from_plain, to_plain
    from metarepro.reproduction.all_targets import analysis_beside, reproduce, reproduce_beside
    from metarepro.reproduction.result import Reproduction, reproductions_from_json, reproductions_to_json
    from metarepro.reproduction.tables import reproduction_csv
    from metarepro.reproduction.targets import read_targets

    kept = kept_files(snakemake)
    done = {r.id: r for r in reproductions_from_json(Path(snakemake.input.printed).read_text(encoding="utf-8"))}
    config = read_settings(snakemake.input.settings, snakemake.input.reproduction)
    trials, *others = snakemake.input.data
    data, own_rows = read_data(snakemake.input.data), read_data([trials])
    printed = [hash_file(Path(file)) for file in others]
    # Beside an analysis stand its own rows only, so those of other outcomes make nothing anew.
    for target in read_targets(data):
        name, (_, analysis) = target.row.analysis_id, analysis_beside(target, config)
        if name in done or analysis is None:
            continue
        alone, _, made_of = inputs_of_analysis(config, analysis, own_rows)
        tables = tables_of_analysis(analysis, data)

        def make(target: Any = target, alone: Any = alone, tables: Any = tables) -> Any:
            return [], to_plain(reproduce_beside(target, alone, tables))

        _, known = kept.take_or_make("\n".join([name, *printed, made_of]), Path(snakemake.output.table).parent, make)
        done[name] = from_plain(Reproduction, known)
    kept.forget_others()
    found = reproduce(config, data, tuple(done.values()))
    write_whole(Path(snakemake.output.table), reproduction_csv(found))
    write_whole(Path(snakemake.output.reproductions), reproductions_to_json(found))
    print(f"{len(found)} printed results, {sum(r.failed for r in found)} not as demanded")
