"""Pictures of several analyses, and of the tables -> a folder of panels, and one of figures of the evidence."""

import json
from pathlib import Path

from job import job

with job(snakemake) as written:
    from metarepro.analysis.flow import make_flow
    from metarepro.analysis.result import from_json
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.figures.evidence_figures import draw_evidence
    from metarepro.figures.files import write_figure
    from metarepro.figures.forest_panels_figure import forest_panels
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings

    def read(file: str) -> object:
        return json.loads(Path(file).read_text(encoding="utf-8"))

    indexes = {name: Path(snakemake.output[name]) for name in ("panels", "evidence")}
    for index in indexes.values():
        index.parent.mkdir(parents=True, exist_ok=True)
        for old in index.parent.iterdir():
            old.unlink()

    found = [from_json(Path(fit).read_text(encoding="utf-8")) for fit in snakemake.input.fits]
    by_id = {result.id: result for result in found}
    for panels in read(snakemake.input.panels):
        figure = forest_panels(
            [by_id[name] for name in panels["analyses"]], titles=panels["heads"] or None, title=panels["title"],
            width_mm=panels["width_mm"], style=panels["style"],
        )  # fmt: skip
        written += write_figure(figure, indexes["panels"].parent / panels["id"], dpi=panels["dpi"])

    config, data = read_settings(snakemake.input.settings), read_data(snakemake.input.data)
    flow = read(snakemake.input.flow)
    findings = [Finding(**f) for f in read(snakemake.input.findings)["findings"]]
    written += draw_evidence(config, data, findings, make_flow(flow) if flow else None, indexes["evidence"].parent)
    for index in indexes.values():
        drawn = sorted({p.name.split(".")[0] for p in written if p.parent == index.parent})
        write_whole(index, json.dumps({"drawn": drawn}, indent=1) + "\n")
