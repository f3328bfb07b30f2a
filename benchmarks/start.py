"""How long `./lab start` takes until JupyterLab answers, part by part: fresh, and a second time.

    python benchmarks/start.py [ROUNDS]

Each round has a home and a Python environment of its own, both new, and removes them. Downloads
that pip, uv and apt keep for this account are used where they are there. Parts run beside each
other: what they took does not add up. Needs psutil for the traffic: run it with .venv/bin/python
to have it. Traffic is that of the whole machine, loopback left out.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
ROUNDS = 1
BEGUN = re.compile(r"^→ ([^,:…]+?)(?:,.*)? …$")
ENDED = re.compile(r"^→ ([^:…]+?)(?::.*)? … ([\d.]+) s")
SAME = {"Python packages": "Python environment"}
WHOLE = "until the address is printed"


@dataclass
class Start:
    """One start: when each part began, how long it took, and all of it."""

    began_s: dict[str, float] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)
    received_bytes: int = 0


def received_bytes() -> int:
    """Bytes received by all network interfaces but loopback."""
    counters = psutil.net_io_counters(pernic=True)
    return sum(count.bytes_recv for name, count in counters.items() if name != "lo")


def start(environ: dict[str, str]) -> Start:
    """Type the command, wait for the address, and end it."""
    found, before, began = Start(), received_bytes(), time.monotonic()
    with subprocess.Popen(
        [ROOT / "lab", "start", "--no-browser", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            now_s = time.monotonic() - began
            if begun := BEGUN.match(line):
                found.began_s[SAME.get(begun[1], begun[1])] = now_s
            if ended := ENDED.match(line):
                found.took_s[ended[1]] = float(ended[2])
            if "token=" in line:
                break
        else:
            sys.exit(f"./lab start ended:\n{said}")
        found.began_s[WHOLE], found.took_s[WHOLE] = 0.0, time.monotonic() - began
        found.received_bytes = received_bytes() - before
        process.send_signal(signal.SIGINT)
    return found


def new_machine() -> tuple[Start, Start]:
    """A first and a second start where nothing is set up."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BUILDLAB_")}
    with tempfile.TemporaryDirectory(prefix="buildlab-start-") as folder:
        places = {"BUILDLAB_HOME": f"{folder}/home", "BUILDLAB_VENV": f"{folder}/venv"}
        environ = {**kept, **places, "PYTHONUNBUFFERED": "1"}
        try:
            return start(environ), start(environ)
        finally:
            program = Path(folder, "venv/bin/buildlab")
            if program.is_file():
                argv = [program, "clean", "--yes"]
                subprocess.run(argv, env=environ, capture_output=True, check=False)


def cells(starts: list[Start], part: str) -> str:
    """When a part began and how long it took, medians."""
    if not any(part in one.took_s for one in starts):
        return " " * 22
    began_s = statistics.median(one.began_s.get(part, 0.0) for one in starts)
    took_s = statistics.median(one.took_s[part] for one in starts if part in one.took_s)
    return f"{began_s:9.1f} s{took_s:9.1f} s"


def main() -> None:
    """Print a line for each part, and for the whole."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    fresh, second = map(list, zip(*(new_machine() for _ in range(rounds)), strict=True))
    print(f"{'':30}{'fresh: began':>11}{'took':>10}{'second: began':>16}{'took':>8}")
    for part in fresh[0].took_s:
        print(f"{part:28}{cells(fresh, part)}  {cells(second, part)}")
    received = [statistics.median(s.received_bytes for s in starts) for starts in (fresh, second)]
    print(f"{'received':28}{received[0] / 1e6:19.1f} MB{received[1] / 1e6:22.2f} MB")


main()
