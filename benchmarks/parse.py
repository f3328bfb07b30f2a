"""How fast events are folded: `python benchmarks/parse.py [EVENTS]`.

Makes the event stream of a big build (many steps that log and transfer a lot), folds it as a
build does, progress asked ten times a second, and prints events per second, the ratio to
`json.loads` alone over the same lines, and what the record and one look at the progress cost.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from buildlab.record.joining import make_record
from buildlab.record.model import EngineInfo
from buildlab.record.stream import Fold

STAGES, PER_STAGE = 20, 15
ROUNDS = 5
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def digest(*parts: object) -> str:
    """A vertex digest that stands for these parts."""
    return "sha256:" + hashlib.sha256(repr(parts).encode()).hexdigest()


def stamp(step: int) -> str:
    """A time as BuildKit writes it, a millisecond later with each step."""
    at = BEGIN + timedelta(milliseconds=step)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


def vertex(stage: int, index: int) -> dict[str, Any]:
    """A RUN step that needs the one before."""
    key = (stage, index)
    return {
        "digest": digest(key),
        "inputs": [digest((stage, index - 1))] if index > 1 else [],
        "name": f"[stage{stage} {index:2d}/{PER_STAGE}] RUN go build -o /out/{index} ./cmd/{stage}",
    }


def events(count: int) -> Iterator[str]:
    """At least `count` events: per step two reports, and between them logs and transfers."""
    steps = [vertex(s, i) for s in range(STAGES) for i in range(1, PER_STAGE + 1)]
    yield json.dumps({"vertexes": steps})
    text = base64.b64encode(b"go: downloading example.test/module v1.2.3\n" * 2).decode()
    clock = 0
    for step in steps:
        begun = stamp(clock)
        yield json.dumps({"vertexes": [{**step, "started": begun}]})
        for _ in range(max(1, (count - 2 * len(steps)) // (2 * len(steps)))):
            clock += 1
            log = {"vertex": step["digest"], "stream": 1, "data": text, "timestamp": stamp(clock)}
            sent = {"id": "sha256:layer", "vertex": step["digest"], "name": "transferring",
                    "current": clock, "timestamp": stamp(clock), "started": begun}  # fmt: skip
            yield json.dumps({"logs": [log]})
            yield json.dumps({"statuses": [sent]})
        yield json.dumps({"vertexes": [{**step, "started": begun, "completed": stamp(clock)}]})


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of some rounds: what else the machine does only adds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def parsed(lines: list[bytes]) -> None:
    """Parse all lines and keep nothing."""
    for line in lines:
        json.loads(line)


def folded(lines: list[bytes]) -> Fold:
    """Fold all lines, with a look at the progress every tenth of a second."""
    fold, shown = Fold(), time.monotonic()
    for line in lines:
        fold.feed(line)
        if time.monotonic() - shown > 0.1:
            fold.progress()
            shown = time.monotonic()
    return fold


def main() -> None:
    lines = [line.encode() for line in events(int(sys.argv[1]) if sys.argv[1:] else 100_000)]
    alone_s = best(lambda: parsed(lines))
    fold_s = best(lambda: folded(lines))
    fold = folded(lines)
    progress_s = best(fold.progress)
    record_s = best(
        lambda: make_record(
            fold, None, id="", title="", command=(), context=".", dockerfile="Dockerfile",
            wall_s=0.0, exit_code=0, engine=EngineInfo("none"), plain_tail="",
        )
    )  # fmt: skip
    print(f"events           {len(lines):12,}")
    print(f"events per second{len(lines) / fold_s:12,.0f}")
    print(f"fold / json.loads{fold_s / alone_s:12.2f}")
    print(f"progress()       {progress_s * 1000:12.2f} ms with {len(fold.groups())} steps")
    print(f"make_record()    {record_s:12.2f} s")


if __name__ == "__main__":
    main()
