"""Ends a client whose caller was killed.

A client that is killed ends its build in the engine at once, but a client whose *parent* is
killed (`kill -9` of a notebook kernel) goes on building for nobody. So a shell of a few hundred
kilobytes holds the other end of a pipe: a line through the pipe sends it home, the end of the
pipe without a line means that the parent is gone.
"""

from __future__ import annotations

import os
import subprocess
from types import TracebackType

# It must outlive the signals that a terminal or a kernel sends to the whole process group.
_SCRIPT = """
trap '' INT HUP TERM
if read -r _; then exit 0; fi
kill -TERM "$1" 2>/dev/null || exit 0
n=0
while kill -0 "$1" 2>/dev/null && [ "$n" -lt "$2" ]; do sleep 0.1; n=$((n + 1)); done
kill -KILL "$1" 2>/dev/null
"""


class Watchdog:
    """Ends process `pid` when this process dies inside the block; a process group, as `-pid`.

    It is asked first, and killed where it is still there after `grace_s` seconds.
    """

    def __init__(self, pid: int, grace_s: float = 2.0) -> None:
        read_end, self._write_end = os.pipe()
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "buildlab-watchdog", str(pid), f"{grace_s * 10:.0f}"],
                stdin=read_end,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
            )
        except BaseException:
            os.close(self._write_end)
            raise
        finally:
            os.close(read_end)

    def __enter__(self) -> Watchdog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            os.write(self._write_end, b"done\n")
        except BrokenPipeError:
            pass  # someone killed the watchdog; the build is over anyway
        finally:
            os.close(self._write_end)
        self._shell.wait()
