"""Printed results whose reports print the numbers of their studies: recomputed and judged -> printed.json."""

import json
from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.analysis.targets import ReproductionSettings
    from metarepro.output import write_whole
    from metarepro.project.records import read_data
    from metarepro.reproduction.all_targets import reproduce_printed
    from metarepro.reproduction.result import reproductions_to_json

    raw = json.loads(Path(snakemake.input.settings).read_text(encoding="utf-8"))
    found = reproduce_printed(ReproductionSettings.model_validate(raw), read_data(snakemake.input.data))
    write_whole(Path(snakemake.output.reproductions), reproductions_to_json(found))
    print(f"{len(found)} printed results with numbers of their studies")
