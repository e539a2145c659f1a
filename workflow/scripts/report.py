"""The page, and what changed since the run before: results, figures and bibliography -> report.html, changes.json."""

import json
import os
from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.analysis.result import read_results
    from metarepro.changes import inputs_of, keep_run
    from metarepro.claims.result import claims_from_json
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings
    from metarepro.project.seals import FOLDER, read_seal
    from metarepro.report.page import render_report
    from metarepro.reproduction.result import reproductions_from_json

    config, data = read_settings(snakemake.input.settings), read_data(snakemake.input.data)
    root = Path(snakemake.output.page).parent
    found_changes = keep_run(root, inputs_of(config, data), Path(".snakemake/metarepro/runs"))
    write_whole(Path(snakemake.output.changes), found_changes.to_json())
    results = list(read_results(Path(snakemake.input.results).read_text(encoding="utf-8")).analyses)
    indexes = dict(zip((r.id for r in results), map(Path, snakemake.input.indexes), strict=True))
    forests = {r.id: indexes[r.id].parent.parent / "forest.svg" for r in results}
    found = json.loads(Path(snakemake.input.findings).read_text(encoding="utf-8"))
    printed = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))

    seals = (read_seal(f) for f in Path(FOLDER).glob("*.json"))
    made = {file for seal in seals if seal for file in seal.outputs}

    def pictures(folder: Path, name: str = "*.svg") -> list[Path]:
        """SVG files of a folder that this run made, a first page before its second."""
        return sorted((f for f in folder.glob(name) if f.as_posix() in made), key=lambda p: (len(p.stem), p.stem))

    def texts(index: str, name: str = "*.svg") -> list[str]:
        return [p.read_text(encoding="utf-8") for p in pictures(Path(index).parent, name)]

    files = {table: file.removeprefix(f"{config.data}/") for table, file in data.files.items()}
    further = {
        name: [Path(os.path.relpath(p, root)).as_posix() for p in pictures(index.parent)]
        for name, index in indexes.items()
    }
    page = render_report(
        config.title, config.authors, results,
        {name: f.read_text(encoding="utf-8") for name, f in forests.items() if f.as_posix() in made}, data.sources,
        [Finding(**f) for f in found["findings"]], found["unused"], json.loads(found_changes.to_json()), files,
        printed, claims, texts(snakemake.input.audit, "reproduction*.svg"),
        texts(snakemake.input.panels),
        {n: t for n in ("risk_of_bias_bars", "integrity") for t in texts(snakemake.input.evidence, f"{n}.svg")},
        further, {r.id: [t for i in snakemake.input.regressions for t in texts(i, f"{r.id}.*.svg")] for r in results},
        config.time_unit,
    )  # fmt: skip
    write_whole(Path(snakemake.output.page), page)
