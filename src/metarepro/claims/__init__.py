"""Claims against the data: a closed grammar, the quantities it may name, verdicts."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.claims.audit import audit_claims
    from metarepro.claims.result import AuditedClaim, Evidence, Reference, claims_from_json, claims_to_json
    from metarepro.claims.tables import claims_csv

__getattr__ = lazy(
    __name__,
    {
        "audit_claims": "metarepro.claims.audit",
        "AuditedClaim": "metarepro.claims.result",
        "Evidence": "metarepro.claims.result",
        "Reference": "metarepro.claims.result",
        "claims_from_json": "metarepro.claims.result",
        "claims_to_json": "metarepro.claims.result",
        "claims_csv": "metarepro.claims.tables",
    },
)
__all__ = [
    "AuditedClaim",
    "Evidence",
    "Reference",
    "audit_claims",
    "claims_csv",
    "claims_from_json",
    "claims_to_json",
]
