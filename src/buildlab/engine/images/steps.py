"""How far mmdebstrap is, from what it says."""

from __future__ import annotations

import re

from buildlab.basics.telling import Tell, count

MARK = "buildlab: the minimal system is complete"
_STEPS = (
    "I: running apt-get update",
    "I: downloading packages with apt",
    "I: extracting archives",
    "I: installing essential packages",
    "I: installing remaining packages",
)
_ADDING = {
    "Unpacking ": "adding git and a C compiler for the Go image",
    "Setting up ": "setting up git and the C compiler",
}


class Steps:
    """Hears each line, and tells: first steps, then the packages on top of the minimal system."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._of = 0
        self._done = dict.fromkeys(_ADDING, 0)
        tell("assembling a Debian system from packages")

    def heard(self, line: str) -> None:
        """A line that mmdebstrap, or what it runs, has written."""
        if line == MARK:
            self._tell(_ADDING["Unpacking "])
        elif found := re.match(r"\d+ upgraded, (\d+) newly installed", line):
            self._of = int(found[1])
        for number, step in enumerate(_STEPS):
            if line.startswith(step):
                count(self._tell, number, len(_STEPS), "steps")
        for start, words in _ADDING.items():
            if self._of and line.startswith(start):
                self._done[start] += 1
                self._tell(words)
                count(self._tell, self._done[start], self._of, "packages")
