"""Sizes that all figures share, in points at print."""

from __future__ import annotations

TITLE, SIZE, SMALL = 9.5, 7.5, 6.5
MARGIN, GAP = 8.0, 9.0
# Height of a row of one line, of each further line, and what members of a group are moved in by.
ROW, LEADING, INDENT = 12.0, 9.0, 8.0
