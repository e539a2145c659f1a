"""Claims against results, printed results and tables -> claims.csv and claims.json."""

import json
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import read_config
    from metarepro.analysis.result import from_json
    from metarepro.claims import audit_claims, claims_csv, claims_to_json
    from metarepro.evidence import read_dataset
    from metarepro.output import write_whole
    from metarepro.reproduction import reproductions_from_json

    config = read_config(Path(snakemake.input.config))
    data = read_dataset(Path(snakemake.input.data), config.data, config.dialects)
    everything = json.loads(Path(snakemake.input.results).read_text(encoding="utf-8"))
    results = {r.id: r for r in (from_json(json.dumps(a)) for a in everything["analyses"])}
    printed = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    found = audit_claims(config, data, results, {r.id: r for r in printed})
    write_whole(Path(snakemake.output.table), claims_csv(found))
    write_whole(Path(snakemake.output.claims), claims_to_json(found))
    print(f"{len(found)} claims")
