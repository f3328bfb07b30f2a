"""The one door to the terminal: no control character of somebody else's passes it.

What is printed by `print`, by typer or as a traceback goes through a stream that makes it visible.
Rich writes past that stream, since it has control sequences of its own; there, all text is made
visible when it becomes rich's, before widths are counted.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any

from buildlab.basics.visible import visible


class _Door:
    """A text stream that shows control characters as escapes."""

    def __init__(self, stream: Any) -> None:
        self.rich_proxied_file = stream
        """Where rich writes to: the name is rich's."""

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(visible(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def close() -> None:
    """Let nothing raw out of this process from now on, not even the traceback of its end."""
    import rich.console
    import rich.file_proxy
    import rich.text

    # Rich itself drops five characters here and lets the rest through.
    setattr(rich.text, "strip_control_codes", visible)  # noqa: B010 (not among its exports)
    _let_rich_past(rich.console.Console, rich.file_proxy.FileProxy)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):  # where a terminal can't show a glyph: "?"
            stream.reconfigure(errors="replace")
        if stream is not None and not isinstance(stream, _Door):
            setattr(sys, name, _Door(stream))


def _let_rich_past(console: Any, proxy: Any) -> None:
    """While a line moves, rich has a stream of its own before the door, and looks behind that only.

    It looks behind both, then; and what is printed beside the line is made visible before rich
    reads colours and links out of it.
    """
    found, write = console.file, proxy.write
    if getattr(found.fget, "past", False):
        return

    def file(self: Any) -> Any:
        stream = found.fget(self)
        while (inner := getattr(stream, "rich_proxied_file", None)) is not None:
            stream = inner
        return stream

    file.past = True  # type: ignore[attr-defined]
    console.file = property(file, found.fset)
    proxy.write = lambda self, text: write(self, visible(text))
