"""Parts of set-up on the terminal: a live list of those under way, above it what has ended.

Without a terminal: a line where a part begins, for what it says, and where it ends.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from buildlab.basics.telling import BYTES
from buildlab.cli._aligned import GAP, cut
from buildlab.record.phrases import format_bytes
from buildlab.setup.parts import Part

_REFRESHES = 5


@dataclass
class _Row:
    """A part under way."""

    began: float = field(default_factory=time.monotonic)
    said: str = ""
    counts: dict[str, str] = field(default_factory=dict)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.began

    def words(self, width: int) -> str:
        """What is said, cut to leave room for the counts as long as there is some."""
        counts = "".join(f" · {count}" for count in self.counts.values())
        said = cut(self.said or "…", width - cell_len(counts))
        return cut(f"{said}{counts}", width)


class Parts:
    """Watches parts for the length of a block, and shows them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._lock = threading.RLock()
        self._spinner = Spinner("dots")
        self._live = Live(
            self, console=console, refresh_per_second=_REFRESHES, transient=True, screen=False
        )

    def __enter__(self) -> Parts:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def part(self, title: str) -> Part:
        """A part of the command's own."""
        return Part(title, self)

    def began(self, part: str) -> None:
        with self._lock:
            self._rows[part] = _Row()
            self._say(f"→ {part} …")

    def said(self, part: str, text: str) -> None:
        with self._lock:
            if row := self._rows.get(part):
                row.said = text
                row.counts.clear()
            self._say(f"  {part}: {text}")

    def counted(self, part: str, done: int, of: int, unit: str) -> None:
        with self._lock:
            if row := self._rows.get(part):
                row.counts[unit] = _count(done, of, unit)

    def ended(self, part: str, result: str) -> None:
        with self._lock:
            row = self._rows.pop(part, _Row())
            told = f": {escape(result)}" if result else ""
            self._console.print(f"→ {part}{told} … {row.elapsed_s:.1f} s")

    def failed(self, part: str) -> None:
        with self._lock:
            self._rows.pop(part, None)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            rows = tuple(self._rows.items())
        width = max((cell_len(title) for title, _ in rows), default=0)
        glyph = self._spinner.render(console.get_time())
        assert isinstance(glyph, Text)
        for title, row in rows:
            took = _seconds(row.elapsed_s)
            line = Text.assemble(glyph, " ", f"{title:<{width}}", no_wrap=True)
            left = options.max_width - cell_len(line.plain) - cell_len(took) - 2 * GAP
            line.append(f"{' ' * GAP}{row.words(max(left, 1))}")
            line.append(f"{' ' * GAP}{took}", style="dim")
            line.truncate(options.max_width)
            yield line

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line, markup=False)


def _seconds(elapsed_s: float) -> str:
    minutes, seconds = divmod(int(elapsed_s), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def _count(done: int, of: int, unit: str) -> str:
    first, _, rest = unit.partition(" ")
    if first != BYTES:
        return f"{done:,} of {of:,} {unit}"
    whole = f" of {format_bytes(of)}" if of else ""
    return f"{format_bytes(done)}{whole} {rest}".rstrip()
