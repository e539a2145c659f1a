"""The description of a bundle as an RO-Crate 1.2 (https://w3id.org/ro/crate/1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CONTEXT = "https://w3id.org/ro/crate/1.2/context"
KINDS = {
    ".csv": "text/csv", ".json": "application/json", ".html": "text/html", ".svg": "image/svg+xml",
    ".md": "text/markdown", ".pdf": "application/pdf", ".png": "image/png", ".yaml": "application/yaml",
    ".txt": "text/plain", ".R": "text/x-r", ".bib": "application/x-bibtex",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
ABOUT = {
    "config.yaml": "Settings: what is analysed, from which rows, with which model.",
    "results/report.html": "The report.",
    "results/results.json": "Every number at full precision, with the row and source it was read in.",
    "recompute.R": "Recomputes the main results in R with metafor and says whether they are equal.",
    "run.json": "Versions that computed the results.",
}


def crate_of(title: str, names: Sequence[str], published: str, version: str) -> dict[str, Any]:
    """The metadata of a bundle.

    Parameters
    ----------
    title : str
        Of the project.
    names : sequence of str
        Files in it.
    published : str
        Day on which the results were made.
    version : str
        Of this library.
    """
    files = []
    for name in sorted(names):
        entry: dict[str, Any] = {"@id": name, "@type": "File"}
        kind = next((KINDS[end] for end in KINDS if name.endswith(end)), None)
        entry |= {"encodingFormat": kind} if kind else {}
        entry |= {"description": ABOUT[name]} if name in ABOUT else {}
        files.append(entry)
    links = [{"@id": f["@id"]} for f in files]
    made = [link for link in links if link["@id"].startswith("results/")]
    tool = {
        "@id": "#metarepro", "@type": "SoftwareApplication", "name": "metarepro", "version": version,
        "softwareVersion": version,
    }  # fmt: skip
    action = {
        "@id": "#run", "@type": "CreateAction", "name": "metarepro run", "instrument": {"@id": "#metarepro"},
        "object": [link for link in links if link not in made], "result": made, "endTime": published,
    }  # fmt: skip
    root = {
        "@id": "./", "@type": "Dataset", "name": title, "datePublished": published,
        "description": "A meta-analysis: extracted trial data, settings, results and how they were computed.",
        "license": "As the project says; its data and texts belong to their authors.", "hasPart": links,
        "mentions": {"@id": "#run"},
    }  # fmt: skip
    descriptor = {
        "@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
    }  # fmt: skip
    return {"@context": CONTEXT, "@graph": [descriptor, root, tool, action, *files]}
