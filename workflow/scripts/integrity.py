"""Trustworthiness checks over the tables -> integrity.csv and integrity.json."""

import json
from dataclasses import asdict
from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.analysis.accepted import accept_findings
    from metarepro.analysis.tables import integrity_csv
    from metarepro.evidence.integrity import check_integrity
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings

    config = read_settings(snakemake.input.settings)
    findings, unused = accept_findings(check_integrity(read_data(snakemake.input.data)), config.accept)
    write_whole(Path(snakemake.output.table), integrity_csv(findings))
    content = {"findings": [asdict(f) for f in findings], "unused": [a.model_dump() for a in unused]}
    write_whole(Path(snakemake.output.findings), json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(findings)} findings")
