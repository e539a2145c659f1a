"""Pictures of the tables: risk of bias, findings of the checks, courses over time, flow of the review -> a folder."""

import json
from pathlib import Path

from job import draw_pages, job

with job(snakemake) as written:
    from metarepro.analysis.flow import make_flow
    from metarepro.analysis.shown_evidence import ShownEvidence
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.figures.evidence_figures import evidence_figures
    from metarepro.records import from_plain

    def read(name: str) -> object:
        return json.loads(Path(snakemake.input[name]).read_text(encoding="utf-8"))

    findings = [Finding(**f) for f in read("findings")["findings"]]
    flow = read("flow")
    shown = from_plain(ShownEvidence, read("evidence"))
    written += draw_pages(snakemake, evidence_figures(shown, findings, make_flow(flow) if flow else None))
