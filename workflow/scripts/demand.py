"""Stop the run if a printed result has another verdict than the configuration demands."""

from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.output import write_whole
    from metarepro.reproduction.result import DemandError, reproductions_from_json, unmet_demands

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    if unmet := unmet_demands(found):
        raise DemandError("\n".join(unmet))
    write_whole(Path(snakemake.output.told), "".join(f"{r.id}: {r.verdict}\n" for r in found if r.must))
