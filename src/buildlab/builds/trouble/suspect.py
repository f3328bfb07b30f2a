"""Steps that ran while the engine's disk was full: named, and not used again.

A RUN may pass over "no space left on device" and succeed with a file that was cut short; BuildKit
would then keep it. What was begun since the first such step is deleted from the cache. Where that
can't be done, a note on disk has the next build try first.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from buildlab.builds.trouble.disk import Watch
from buildlab.builds.trouble.faults import says_disk_full
from buildlab.engine.distrust import forget_since
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, DiskFull
from buildlab.record.model import BuildRecord
from buildlab.record.steps import BuildWarning, State, Step

_ROUNDED_S = 1.0
"""The cache tells when a result was begun to the second."""
RULE = "disk full"


@dataclass(frozen=True, slots=True)
class Doubt:
    """The file that says since when an engine's results are in doubt."""

    file: Path

    @classmethod
    def of(cls, locks: Path, engine_key: str) -> Doubt:
        return cls(locks / f"build-{sha256(engine_key.encode()).hexdigest()[:12]}.suspect")

    def since(self, at_s: float) -> None:
        """Note the moment; an earlier one stays. Where there is no space for it: no note."""
        with suppress(OSError, ValueError):
            if self.file.exists() and float(self.file.read_text()) <= at_s:
                return
        with suppress(OSError):
            self.file.write_text(f"{at_s:.3f}")

    def settle(self, engine: Engine) -> None:
        """Delete what is in doubt. Raises DiskFull where that can't be done."""
        try:
            at_s = float(self.file.read_text())
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            at_s = 0.0  # cut short by the full disk itself: all is in doubt
        try:
            forget_since(engine, at_s)
        except BuildlabError as fault:
            reset = "buildlab engine reset && buildlab setup"
            raise DiskFull(
                f"results from when the engine's disk was full can't be deleted: {fault.message}",
                f"free some space, or start from an empty cache: {reset}",
            ) from fault
        self.file.unlink(missing_ok=True)


def judged(record: BuildRecord, watch: Watch, engine: Engine, doubt: Doubt) -> BuildRecord:
    """The record, its suspect steps marked; their results are deleted from a cache of ours."""
    steps = tuple(s for s in record.steps if _suspect(s, record, watch))
    if not steps:
        return record
    named = ", ".join(f"[{s.key}] {s.instruction}" for s in steps[:3])
    more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
    full = "no space was left"
    if watch.lowest_bytes is not None:
        full = f"the engine's disk was full ({watch.lowest_bytes} bytes were free)"
    message = (
        f"{full} while {named}{more} ran: what was written may be cut short. "
        f"{_dropped(record, steps, engine, doubt)}"
    )
    warnings = (*record.warnings, BuildWarning(RULE, message))
    return replace(record, suspect=tuple(s.key for s in steps), warnings=warnings)


def _suspect(step: Step, record: BuildRecord, watch: Watch) -> bool:
    """Whether a step that ran may have been cut short: its disk was full, or it says so."""
    if step.state is not State.RAN or not step.intervals or step.keyword != "RUN":
        return False
    if says_disk_full(step.output):
        return True  # a small tmpfs of its own, maybe: running it again costs less than a doubt
    begin = _epoch(record)
    return watch.full_during(begin + (step.start_s or 0.0), begin + (step.end_s or 0.0))


def _dropped(record: BuildRecord, steps: tuple[Step, ...], engine: Engine, doubt: Doubt) -> str:
    if not engine.can.be_emptied:
        stages = ",".join(dict.fromkeys(s.stage or "0" for s in steps))
        return f"This builder's cache keeps it: free some space, then --no-cache-filter={stages}"
    first = min(s.start_s or 0.0 for s in steps)
    doubt.since(_epoch(record) + first - _ROUNDED_S)
    try:
        doubt.settle(engine)
    except DiskFull:
        return "The next build deletes it from the cache first; free some space before"
    return "It is deleted from the cache; free some space, then build again"


def _epoch(record: BuildRecord) -> float:
    try:
        return datetime.fromisoformat(record.started_at).timestamp()
    except ValueError:
        return time.time() - record.wall_s
