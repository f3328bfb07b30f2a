"""One changed line: naive against tuned, and tuned against a warm `go build` on this machine.

    python benchmarks/one_line.py [ROUNDS]

Each round changes one constant and builds it three ways in turn: the naive Dockerfile, the tuned
one, and `go build` with the host's own toolchain (left out where there is none). Prints the ratio
of each round and the medians; exit 1 where tuned is less than ten times faster than naive.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from buildlab.bench.sample import Service, service

GOAL = 10.0


def host_build(bench: Service, go: str, out: Path) -> float:
    """Seconds of a warm `go build` of the same program with the same flags."""
    began = time.perf_counter()
    subprocess.run(
        [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(out), "./cmd/server"],
        cwd=bench.workspace.path,
        env={**os.environ, "CGO_ENABLED": "0"},
        check=True,
    )
    return time.perf_counter() - began


def main(rounds: int) -> int:
    go = shutil.which("go")
    naive_to_tuned, tuned_to_host = [], []
    with service() as bench, tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "server")
        bench.build("tuned", title="before").require_ok()
        if go:
            host_build(bench, go, out)
        for number in range(1, rounds + 1):
            bench.edit("leaf")
            naive_s = bench.build("naive", title="naive").require_ok().wall_s
            tuned_s = bench.build("tuned", title="tuned").require_ok().wall_s
            naive_to_tuned.append(naive_s / tuned_s)
            line = f"round {number}: naive / tuned = {naive_to_tuned[-1]:.1f}"
            if go:
                tuned_to_host.append(tuned_s / host_build(bench, go, out))
                line += f", tuned / go build = {tuned_to_host[-1]:.2f}"
            print(line, flush=True)
    reached = statistics.median(naive_to_tuned)
    print(f"median naive / tuned = {reached:.1f} (goal: at least {GOAL:g})")
    if tuned_to_host:
        print(f"median tuned / go build = {statistics.median(tuned_to_host):.2f}")
    return 0 if reached >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
