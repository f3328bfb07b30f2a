"""Private keys in lines that come one by one, where no text has both their ends."""

from __future__ import annotations

import re

from buildlab.masking.patterns import KEY_BEGIN, KEY_END, LONGEST_KEY

_OF_A_KEY = re.compile(
    r"[\s\d|>+:#.*-]*(?:[A-Za-z0-9+/=]*|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): .*)\s*"
)
"""A line within a key: base64, maybe numbered or quoted; what stands before it; an empty one."""


class KeyLines:
    """Tells of each line of one source whether it goes on with a private key begun before it."""

    def __init__(self) -> None:
        self._left = 0

    def __call__(self, line: str) -> str:
        """The part of the line that is not a key's; what begins here is left to the masker."""
        if self._left:
            ended = KEY_END.search(line)
            self._left -= len(line)
            if ended is not None:
                self._left, line = 0, line[ended.end() :]
                return self._begun(line)
            if self._left > 0 and _OF_A_KEY.fullmatch(line):
                return ""
            self._left = 0
        return self._begun(line)

    def _begun(self, line: str) -> str:
        *_, last = (None, *KEY_BEGIN.finditer(line))
        if last is not None and KEY_END.search(line, last.end()) is None:
            self._left = LONGEST_KEY
        return line
