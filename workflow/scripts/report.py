"""The page, its tables, and what changed since the run before: results and bibliography -> report.html, tables/."""

import json
import os
from pathlib import Path

from job import job, remove_undrawn

with job(snakemake) as more:
    from metarepro import __version__
    from metarepro.analysis.flow import Flow
    from metarepro.analysis.result import read_results
    from metarepro.changes import inputs_of, keep_run
    from metarepro.claims.lookups import Library
    from metarepro.claims.page_sentences import fill_sentences
    from metarepro.claims.result import claims_from_json
    from metarepro.evidence.integrity.findings import Finding
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings
    from metarepro.project.seals import FOLDER, read_seal
    from metarepro.report import tables
    from metarepro.report.cards import chosen_cards, chosen_findings
    from metarepro.report.methods_part import bibtex, checklist_csv, methods_markdown
    from metarepro.report.page import DOWNLOADS, Content, render_report
    from metarepro.report.studies import characteristics_csv
    from metarepro.reproduction.result import reproductions_from_json

    config, data = read_settings(snakemake.input.settings), read_data(snakemake.input.data)
    root = Path(snakemake.output.page).parent
    results = read_results(Path(snakemake.input.results).read_text(encoding="utf-8"))
    by_id = {r.id: r for r in results.analyses}
    found = json.loads(Path(snakemake.input.findings).read_text(encoding="utf-8"))
    findings = [Finding(**f) for f in found["findings"]]
    printed = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    claims = claims_from_json(Path(snakemake.input.claims).read_text(encoding="utf-8"))
    head = json.loads(Path(snakemake.input.page).read_text(encoding="utf-8"))
    flow = json.loads(Path(snakemake.input.flow).read_text(encoding="utf-8"))
    # A sentence that is not true of the results stops the run before anything is written.
    library = Library(data, tuple(by_id), by_id, {r.id: r for r in printed})
    filled = fill_sentences(config, library, head["places"], head["file"])

    found_changes = keep_run(root, inputs_of(config, data), Path(".snakemake/metarepro/runs"))
    write_whole(Path(snakemake.output.changes), found_changes.to_json())
    seals = (read_seal(f) for f in Path(FOLDER).glob("*.json"))
    made = {file for seal in seals if seal for file in seal.outputs}

    def figures(analysis: str, index: Path) -> list[str]:
        """Addresses of the figures of an analysis: its forest plot, then others by name."""
        own = [p for p in map(index.parent.parent.joinpath, ("forest.svg", "forest.pdf")) if p.is_file()]
        own += sorted(index.parent.glob("*.svg"), key=lambda p: (len(p.stem), p.stem))
        for file in snakemake.input.regressions:
            own += sorted(Path(file).parent.glob(f"{analysis}.*.svg"))
        return [Path(os.path.relpath(p, root)).as_posix() for p in own if p.as_posix() in made]

    further = {name: figures(name, Path(index)) for name, index in zip(by_id, snakemake.input.indexes, strict=True)}
    chosen = chosen_findings(config, chosen_cards(config, by_id), by_id)
    output = snakemake.output
    for file, text in (
        (output.findings, tables.summary_of_findings_csv(chosen, results.analyses)),
        (output.without, tables.leave_one_out_csv(results.analyses)),
        (output.characteristics, characteristics_csv(config, data, results.analyses, findings)),
        (output.certainty, tables.certainty_csv(results.analyses)),
        (output.checklist, checklist_csv()),
        (output.methods, methods_markdown(config.title, results.analyses, __version__)),
        (output.references, bibtex(results.analyses)),
    ):
        write_whole(Path(file), text)
    rows = tables.reader_rows(chosen, results.analyses, config.time_unit)
    for word in config.page.tables:
        ending, write = tables.FORMATS[word]
        file = Path(output.findings).with_suffix(f".{ending}")
        file.write_bytes(write(tables.READER_HEAD, rows))
        more.append(file)
    remove_undrawn(Path(output.findings).parent.glob("summary_of_findings.*"), [Path(output.findings), *more])
    page = render_report(
        Content(
            config, data, results, filled, findings, found["unused"], json.loads(found_changes.to_json()), printed,
            claims, further, Flow.model_validate(flow) if flow else None,
            [name for name, _ in DOWNLOADS if (root / name).is_file()],
        )
    )  # fmt: skip
    write_whole(Path(output.page), page)
