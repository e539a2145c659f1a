"""All analyses together: fit.json files -> results.json, summary.csv, flows.csv; findings -> integrity.csv."""

import json
from pathlib import Path

from job import code_of, job

with job(snakemake):
    from metarepro.analysis.result import SCHEMA_VERSION, from_json
    from metarepro.analysis.tables import flows_csv, integrity_csv, summary_csv
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.output import write_whole
    from metarepro.project.seals import hash_file

    texts = [Path(path).read_text(encoding="utf-8") for path in snakemake.input.fits]
    results = [from_json(text) for text in texts]
    everything = {
        "schema_version": SCHEMA_VERSION,
        "title": json.loads(Path(snakemake.input.page).read_text(encoding="utf-8"))["title"],
        "made_of": {
            "rows": hash_file(Path(snakemake.input.data))[:16],
            "settings": hash_file(Path(snakemake.input.numbers))[:16],
            "code": code_of("analyse"),
        },
        "analyses": [json.loads(text) for text in texts],
    }
    text = json.dumps(everything, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(Path(snakemake.output.results), text + "\n")
    write_whole(Path(snakemake.output.summary), summary_csv(results))
    write_whole(Path(snakemake.output.flows), flows_csv(results))
    found = Path(snakemake.input.integrity).read_text(encoding="utf-8")
    write_whole(Path(snakemake.output.integrity), found)
    write_whole(
        Path(snakemake.output.integrity_table), integrity_csv(Finding(**f) for f in json.loads(found)["findings"])
    )
