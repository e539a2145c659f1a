"""Pictures of the tables: risk of bias, findings of the checks, courses over time, flow of the review -> a folder."""

import json
from pathlib import Path

from job import job

with job(snakemake) as written:
    from metarepro.analysis.flow import make_flow
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.figures.evidence_figures import draw_evidence
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings

    config, data = read_settings(snakemake.input.settings), read_data(snakemake.input.data)
    found = json.loads(Path(snakemake.input.findings).read_text(encoding="utf-8"))
    flow = json.loads(Path(snakemake.input.flow).read_text(encoding="utf-8"))
    index = Path(snakemake.output.index)
    index.parent.mkdir(parents=True, exist_ok=True)
    for old in index.parent.iterdir():
        old.unlink()
    findings = [Finding(**f) for f in found["findings"]]
    written += draw_evidence(config, data, findings, make_flow(flow) if flow else None, index.parent)
    drawn = sorted({p.name.split(".")[0] for p in written})
    write_whole(index, json.dumps({"drawn": drawn}, indent=1) + "\n")
