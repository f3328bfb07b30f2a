"""`claims/measured.json`: what the last whole run found, with versions and date, for readers.

Written by `buildlab claims run --keep`, never by hand, and read by nothing that judges.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from buildlab import loading
from buildlab.claims.model import Judged, Verdict
from buildlab.claims.reading import folder
from buildlab.claims.running import Ledger
from buildlab.errors import UsageError

FILE = "measured.json"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A verdict as it was measured, the facts under it, when, and on which versions."""

    verdict: str
    evidence: str
    date: str
    engine: str
    buildkit: str
    buildx: str

    @property
    def when(self) -> str:
        """Date and versions, in words."""
        if not self.engine:
            return ""
        buildkit = f"BuildKit {self.buildkit}" if self.buildkit else "its own BuildKit"
        return f"measured {self.date} on engine {self.engine}, {buildkit}, buildx {self.buildx}"


def of(judged: Judged) -> Shipped:
    """What is kept of a claim that was judged."""
    engine = judged.engine
    return Shipped(
        judged.verdict_text,
        judged.evidence_text,
        judged.measured_at[:10],
        engine.engine_version if engine else "",
        engine.buildkit_version if engine else "",
        engine.buildx_version if engine else "",
    )


def read(root: Path | None = None) -> dict[str, Shipped]:
    """Claim's id → what was measured last; nothing where no run was kept."""
    return loading.kept(dict[str, Shipped], (root or folder()) / FILE) or {}


def keep(ledger: Ledger, root: Path | None = None) -> Path:
    """Write the verdicts of a run over those of the last one; claims it left out stay.

    Raises UsageError for replayed results and for claims that were not measured.
    """
    if ledger.recorded:
        raise UsageError("these are recordings: nothing was measured", "unset BUILDLAB_REPLAY")
    missing = [j.claim.id for j in ledger.judged if j.verdict is Verdict.NOT_MEASURED]
    if missing:
        raise UsageError(
            f"not measured, so nothing is kept: {', '.join(missing[:3])}",
            f"see why: buildlab claims run {missing[0]}",
        )
    path = (root or folder()) / FILE
    known = {**read(root), **{j.claim.id: of(j) for j in ledger.judged}}
    fields = Shipped.__dataclass_fields__
    data = {name: {f: getattr(known[name], f) for f in fields} for name in sorted(known)}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
