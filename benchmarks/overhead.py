"""What `build()` costs over the same `docker buildx build` typed in a shell.

Two cases on a warm machine: nothing changed, and one line of main.go changed. Both forms run in
turn, each on a copy of the project of its own, the order swapped from pair to pair; what counts
is the median of the ratios within pairs. `build()` is timed from call to return, so the record,
the guard against stale files, the lock and the metadata file are all in it; the typed command
has none of them. Run it while the machine is quiet:

    python benchmarks/overhead.py [--pairs N] [--json]
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from buildlab import engine as engines
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import images
from buildlab.engine.model import Engine

APP = Path(__file__).parents[1] / "sample_go_app"
FLAGS = ("--file", "dockerfiles/04-cache-mounts.Dockerfile")
CACHE_NS = "benchmark"
LIMIT = 1.05


def typed(space: Workspace, engine: Engine) -> float:
    """Seconds of the command in a shell, its progress thrown away."""
    words = (
        *engine.buildx, "build", "--progress=plain", "--load", "--tag", "buildlab.local/typed:1",
        "--label", "dev.buildlab=1", "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={CACHE_NS}",
        "--file", str(space.path / FLAGS[1]), str(space.path),
    )  # fmt: skip
    begin = time.perf_counter()
    subprocess.run(
        ["sh", "-c", shlex.join(words)], env=engine.child_env(), check=True, capture_output=True
    )
    return time.perf_counter() - begin


def called(space: Workspace, engine: Engine) -> float:
    """Seconds of `build()`, from call to return."""
    begin = time.perf_counter()
    build(space, *FLAGS, title="called", engine=engine, cache_ns=CACHE_NS).require_ok()
    return time.perf_counter() - begin


def nothing(space: Workspace, turn: str) -> None:
    """No change."""


def one_line(space: Workspace, turn: str) -> None:
    """A line of main.go that no build has seen."""
    text = space.read("cmd/server/main.go")
    marked = text.split("\n// turn ")[0] + f"\n// turn {turn}\n"
    space.write("cmd/server/main.go", marked)


CASES: dict[str, Callable[[Workspace, str], None]] = {
    "nothing changed": nothing,
    "one line changed": one_line,
}


def pairs(
    change: Callable[[Workspace, str], None], count: int, engine: Engine
) -> list[list[float]]:
    """[typed, called] in seconds, `count` times."""
    forms = (typed, called)
    rows = []
    with workspace(APP) as a, workspace(APP) as b:
        spaces = {typed: a, called: b}
        for form in forms:  # warm: images, both cache mounts, both contexts
            form(spaces[form], engine)
        stamp = time.time_ns()
        for i in range(count):
            took = {}
            for form in forms if i % 2 else reversed(forms):
                change(spaces[form], f"{stamp} {i} {form.__name__}")
                took[form] = form(spaces[form], engine)
            rows.append([took[form] for form in forms])
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    engine = engines.current()
    images.ensure(engine)
    results = {}
    for name, change in CASES.items():
        rows = pairs(change, options.pairs, engine)
        ratios = [b / a for a, b in rows]
        results[name] = {
            "pairs": len(rows),
            "typed_median_s": statistics.median(a for a, _ in rows),
            "called_median_s": statistics.median(b for _, b in rows),
            "difference_median_s": statistics.median(b - a for a, b in rows),
            "ratio_median": statistics.median(ratios),
            "ratio_min": min(ratios),
            "ratio_max": max(ratios),
        }
    with closing(engine.client()) as client:
        for name in ("typed:1", tag("called", engine.session).partition("/")[2]):
            client.images.remove(f"buildlab.local/{name}")
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        for name, result in results.items():
            print(name, *(f"  {k}: {v:.4g}" for k, v in result.items()), sep="\n")
    return 0 if results["one line changed"]["ratio_median"] <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
