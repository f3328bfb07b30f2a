"""How long a second `./lab start` takes until JupyterLab answers, step by step.

    python benchmarks/start.py [ROUNDS]

The first start, which sets everything up, is not counted. Needs psutil for the traffic: run it
with .venv/bin/python to have it. Traffic is that of the whole machine, loopback left out.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
ROUNDS = 5
STEP = re.compile(r"^→ (.+?)(?::.*)? … ([\d.]+) s")


def received_bytes() -> int:
    """Bytes received by all network interfaces but loopback."""
    counters = psutil.net_io_counters(pernic=True)
    return sum(count.bytes_recv for name, count in counters.items() if name != "lo")


def start() -> tuple[float, dict[str, float], int]:
    """Seconds from typing the command to the printed address, those of each step, traffic."""
    before, began = received_bytes(), time.monotonic()
    steps: dict[str, float] = {}
    with subprocess.Popen(
        [ROOT / "lab", "start", "--no-browser", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := STEP.match(line):
                steps[found[1]] = float(found[2])
            if "token=" in line:
                break
        else:
            sys.exit(f"./lab start ended:\n{said}")
        took_s, received = time.monotonic() - began, received_bytes() - before
        process.send_signal(signal.SIGINT)
    return took_s, steps, received


def main() -> None:
    """Print the median of each step and of the whole."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    start()  # sets up what is not there yet
    runs = [start() for _ in range(rounds)]
    for step in runs[0][1]:
        print(f"{step:60} {statistics.median(run[1][step] for run in runs):7.2f} s")
    whole = [run[0] for run in runs]
    print(f"{'second ./lab start, median':60} {statistics.median(whole):7.2f} s")
    print(f"{'slowest of ' + str(rounds):60} {max(whole):7.2f} s")
    print(f"{'received per start, median':60} {statistics.median(r[2] for r in runs):7.0f} bytes")


main()
