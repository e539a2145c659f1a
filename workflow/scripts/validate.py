"""Configuration and tables, checked once -> the records that every later job reads, and what does not fit."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from job import job, say

read: dict[str, str] = {}
with job(snakemake, read):
    from metarepro.analysis.accepted import accept_findings
    from metarepro.analysis.shown_evidence import shown_evidence
    from metarepro.claims.page_sentences import places_of_sentences
    from metarepro.evidence.integrity import check_integrity
    from metarepro.output import write_whole
    from metarepro.project.leftovers import find_leftovers, remove_jobs, remove_leftovers, written_by_runs
    from metarepro.project.looks import looks_text
    from metarepro.project.plan import NUMBERS_AT_ONCE, PICTURES_AT_ONCE, chunks_of
    from metarepro.project.reading import read_project, take_snapshot
    from metarepro.project.records import record_texts
    from metarepro.project.settings import CONFIG, settings_file
    from metarepro.records import to_plain

    project = Path()
    config_file = settings_file(snakemake.config, project, Path(".snakemake/metarepro/config.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        read |= take_snapshot(project, config_file, list(snakemake.input.tables), Path(folder))
        checked = read_project(Path(folder), config_file.as_posix())
    config, data = checked.config, checked.data
    comparisons = checked.comparisons
    output = snakemake.output
    places = places_of_sentences(config, config_file, config_file.as_posix())
    for name, text in record_texts(config, data, places, config_file.as_posix()).items():
        write_whole(Path(output[name]), text)
    by_id = {a.id: a for a in config.analyses}
    for chunk, file in zip(chunks_of(tuple(by_id), PICTURES_AT_ONCE).values(), output.looks, strict=True):
        members = [by_id[name] for name in chunk]
        write_whole(Path(file), looks_text(config, members, checked.selections, data))
    panels = [p.model_dump(mode="json") for p in config.panels]
    shown = to_plain(shown_evidence(config, data))
    flow = checked.flow.model_dump(mode="json", exclude_unset=True) if checked.flow else None
    for name, content in (
        ("panels", panels),
        ("flow", flow),
        ("evidence", shown),
        ("plan", {"comparisons": comparisons}),
    ):
        write_whole(Path(output[name]), json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    findings, unused = accept_findings(check_integrity(data), config.accept)
    found = {"findings": [asdict(f) for f in findings], "unused": [a.model_dump() for a in unused]}
    write_whole(Path(output.integrity), json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    # Last, when nothing is wrong: what the project makes no more.
    old = find_leftovers(by_id, [p.id for p in config.panels], written_by_runs())
    for line in remove_leftovers(old):
        say(line)
    jobs = ["demand"] if any(t.must for t in config.reproduction.targets) else []
    jobs += [f"draw_{n}" for n in chunks_of(tuple(by_id), PICTURES_AT_ONCE)]
    jobs += [f"analyse_{n}" for n in chunks_of(tuple(by_id), NUMBERS_AT_ONCE)]
    remove_jobs(jobs, output.looks)
    print(f"{CONFIG} and {len(read)} tables: {len(config.analyses)} analyses")
