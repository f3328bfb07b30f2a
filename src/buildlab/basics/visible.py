"""Text of others (logs, file names, titles, errors) made harmless where it is shown.

A control character in it could move a terminal's cursor, set its clipboard or turn the order of
letters around, and so say something else than what is there. Each is shown as an escape: nothing
is lost.
"""

from __future__ import annotations

import html
import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what sets the direction of writing
    "\u2028\u2029\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # separators, marks, invisible tags
    "\ud800-\udfff]"  # halves of characters: bytes of file names that are no text
)
_BREAK = re.compile(r"[\t\n]")


def visible(text: str) -> str:
    """The text with each control character but tab and newline as an escape: `\\x1b`, `\\u202e`.

    Of characters that JSON may hold as they are, the escape is JSON's own.
    """
    return _CONTROL.sub(_escape, text.replace("\r\n", "\n"))


def on_one_line(text: str) -> str:
    """A name, say, that is shown within a line: newlines and tabs are escapes as well."""
    return _BREAK.sub(_escape, _CONTROL.sub(_escape, text))


def escaped(text: str) -> str:
    """The visible text for HTML, quotes too."""
    return html.escape(visible(text))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character < " ":
        return character.encode("unicode_escape").decode()
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
