"""The page: results.json, figures and bibliography -> report.html."""

import json
import os
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
    root = Path(snakemake.output.page).parent

    def pictures(folder: Path, name: str = "*.svg") -> list[Path]:
        """SVG files of a folder, a first page before its second."""
        return sorted(folder.glob(name), key=lambda p: (len(p.stem), p.stem))

    def texts(folder: object, name: str = "*.svg") -> list[str]:
        return [p.read_text(encoding="utf-8") for p in pictures(Path(str(folder)), name)]

    further = {
        result.id: [Path(os.path.relpath(p, root)).as_posix() for p in pictures(Path(folder))]
        for result, folder in zip(results, snakemake.input.more, strict=True)
    }
    page = render_report(
        title, authors, results, figures, data_set.sources, findings, found["unused"], changes, files, printed, claims,
        texts(snakemake.input.audit, "reproduction.svg"), [t for f in snakemake.input.panels for t in texts(f)],
        {n: t for n in ("risk_of_bias_bars", "integrity") for t in texts(snakemake.input.evidence, f"{n}.svg")},
        further,
    )  # fmt: skip
    write_whole(Path(snakemake.output.page), page)
