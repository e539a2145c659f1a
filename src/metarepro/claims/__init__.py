"""Claims against the data: a closed grammar, the quantities it may name, verdicts."""

from __future__ import annotations

from metarepro.claims.result import AuditedClaim, Evidence, Reference

__all__ = ["AuditedClaim", "Evidence", "Reference"]
