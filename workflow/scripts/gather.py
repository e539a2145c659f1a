"""All analyses together: fit.json files -> results.json and summary.csv."""

import json
from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis.result import SCHEMA_VERSION, from_json
    from metarepro.analysis.tables import summary_csv
    from metarepro.output import write_whole

    texts = [Path(path).read_text(encoding="utf-8") for path in snakemake.input.fits]
    everything = {
        "schema_version": SCHEMA_VERSION,
        "title": snakemake.params.title,
        "analyses": [json.loads(text) for text in texts],
    }
    text = json.dumps(everything, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(Path(snakemake.output.results), text + "\n")
    write_whole(Path(snakemake.output.summary), summary_csv(map(from_json, texts)))
