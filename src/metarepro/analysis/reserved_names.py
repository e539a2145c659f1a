"""Names of pictures that every project may have, and that no setting may take."""

from __future__ import annotations

# The figure in results/panels/ of results that rest on one study.
SINGLE_STUDIES = "single-studies"
