"""Write workflow/schemas/config.schema.json from the models: python -m metarepro.analysis.schema."""

from __future__ import annotations

import json
from pathlib import Path

from metarepro.analysis.config import config_schema

FILE = Path("workflow/schemas/config.schema.json")


def write_schema(path: Path) -> None:
    """Write the schema; editors that know YAML schemas then complete and check config.yaml."""
    path.write_text(json.dumps(config_schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schema(FILE)
