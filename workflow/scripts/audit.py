"""Claims against results, printed results and tables -> claims.csv and claims.json."""

from pathlib import Path

from job import job

with job(snakemake):
    from metarepro.analysis.result import read_results
    from metarepro.claims.audit import audit_claims
    from metarepro.claims.result import claims_to_json
    from metarepro.claims.tables import claims_csv
    from metarepro.output import write_whole
    from metarepro.project.records import read_data, read_settings
    from metarepro.reproduction.result import reproductions_from_json

    results = {r.id: r for r in read_results(Path(snakemake.input.results).read_text(encoding="utf-8")).analyses}
    printed = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    config, data = read_settings(snakemake.input.settings), read_data(snakemake.input.data)
    found = audit_claims(config, data, results, {r.id: r for r in printed})
    write_whole(Path(snakemake.output.table), claims_csv(found))
    write_whole(Path(snakemake.output.claims), claims_to_json(found))
    print(f"{len(found)} claims")
