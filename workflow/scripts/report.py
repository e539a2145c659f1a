"""The page: results.json, figures and bibliography -> report.html."""

import json
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.analysis.result import from_json
    from metarepro.claims import claims_from_json
    from metarepro.evidence import read_dataset
    from metarepro.evidence.integrity import Finding
    from metarepro.output import write_whole
    from metarepro.report import render_report
    from metarepro.reproduction import reproductions_from_json

    data = json.loads(Path(snakemake.input.results).read_text(encoding="utf-8"))
    results = [from_json(json.dumps(analysis)) for analysis in data["analyses"]]
    figures = {
        result.id: Path(path).read_text(encoding="utf-8")
        for result, path in zip(results, snakemake.input.figures, strict=True)
    }
    config = read_config(Path(snakemake.input.config))
    data_set = read_dataset(Path(snakemake.input.sources), config.data, config.dialects)
    files = {table: file.removeprefix(f"{config.data}/") for table, file in data_set.files.items()}
    found = json.loads(Path(snakemake.input.findings).read_text(encoding="utf-8"))
    findings = [Finding(**f) for f in found["findings"]]
    changes = json.loads(Path(snakemake.input.changes).read_text(encoding="utf-8"))
    title, authors = snakemake.params.title, snakemake.params.authors
    printed = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))
    pages = sorted(Path(snakemake.input.audit).glob("reproduction-*.svg"), key=lambda p: (len(p.name), p.name))
    page = render_report(
        title, authors, results, figures, data_set.sources, findings, found["unused"], changes, files, printed, claims,
        [p.read_text(encoding="utf-8") for p in pages[:1]],
    )  # fmt: skip
    write_whole(Path(snakemake.output.page), page)
