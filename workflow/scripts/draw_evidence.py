"""Pictures of the tables: risk of bias, findings of the checks, courses over time, flow of the review -> a folder."""

import json
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.evidence import read_dataset
    from metarepro.evidence.integrity import Finding
    from metarepro.figures import draw_evidence

    config = read_config(Path(snakemake.input.config))
    data = read_dataset(Path(snakemake.input.data), config.data, config.dialects)
    found = json.loads(Path(snakemake.input.findings).read_text(encoding="utf-8"))
    folder = Path(snakemake.output.folder)
    folder.mkdir(parents=True, exist_ok=True)
    findings = [Finding(**f) for f in found["findings"]]
    print(f"drawn: {', '.join(draw_evidence(config, data, findings, Path(snakemake.input.data), folder))}")
