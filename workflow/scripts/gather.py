"""All analyses together: fit.json files -> results.json and tables of all; findings -> integrity.csv."""

import json
from pathlib import Path

from job import code_of, job

with job(snakemake):
    from metarepro.analysis.questions import find_questions
    from metarepro.analysis.result import MadeOf, Results, from_json
    from metarepro.analysis.tables import flows_csv, integrity_csv, regressions_csv, summary_csv
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.output import write_whole
    from metarepro.project.records import read_settings
    from metarepro.project.seals import hash_file
    from metarepro.records import to_json_text

    results = tuple(from_json(Path(path).read_text(encoding="utf-8")) for path in snakemake.input.fits)
    title = json.loads(Path(snakemake.input.page).read_text(encoding="utf-8"))["title"]
    rows, settings = (hash_file(Path(snakemake.input[name]))[:16] for name in ("data", "numbers"))
    questions = find_questions(read_settings(snakemake.input.numbers), results)
    everything = Results(title, MadeOf(rows, settings, code_of("analyse")), results, questions)
    write_whole(Path(snakemake.output.results), to_json_text(everything))
    write_whole(Path(snakemake.output.summary), summary_csv(results))
    write_whole(Path(snakemake.output.flows), flows_csv(results))
    write_whole(Path(snakemake.output.regressions), regressions_csv(results))
    found = Path(snakemake.input.integrity).read_text(encoding="utf-8")
    write_whole(Path(snakemake.output.integrity), found)
    write_whole(
        Path(snakemake.output.integrity_table), integrity_csv(Finding(**f) for f in json.loads(found)["findings"])
    )
