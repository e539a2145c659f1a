"""Trustworthiness checks over the tables -> integrity.csv and integrity.json."""

import json
from dataclasses import asdict
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.analysis.accepted import accept_findings
    from metarepro.analysis.tables import integrity_csv
    from metarepro.evidence import read_dataset
    from metarepro.evidence.integrity import check_integrity
    from metarepro.output import write_whole

    config = read_config(Path(snakemake.input.config))
    data = read_dataset(Path(snakemake.input.data), config.data, config.dialects)
    findings, unused = accept_findings(check_integrity(data), config.accept)
    write_whole(Path(snakemake.output.table), integrity_csv(findings))
    content = {"findings": [asdict(f) for f in findings], "unused": [a.model_dump() for a in unused]}
    write_whole(Path(snakemake.output.findings), json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(findings)} findings")
