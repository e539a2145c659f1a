"""Trustworthiness checks over the tables -> integrity.csv and integrity.json."""

import json
from dataclasses import asdict
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.analysis.tables import integrity_csv
    from metarepro.evidence import read_dataset
    from metarepro.evidence.integrity import check_integrity
    from metarepro.output import write_whole

    config = read_config(Path(snakemake.input.config))
    findings = check_integrity(read_dataset(Path(snakemake.input.data), config.data, config.dialects))
    write_whole(Path(snakemake.output.table), integrity_csv(findings))
    text = json.dumps([asdict(f) for f in findings], indent=1, ensure_ascii=False)
    write_whole(Path(snakemake.output.findings), text + "\n")
    print(f"{len(findings)} findings")
