"""Numbers with their units, and instructions on one line: the parts of sentences."""

from __future__ import annotations

import re

from buildlab.basics.visible import visible

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def format_s(seconds: float) -> str:
    """A duration: "35 ms", "0.25 s", "12.3 s", "1 min 05 s", "1 h 02 min"."""
    if seconds < 0:
        return f"−{format_s(-seconds)}"
    if round(seconds, 3) < 0.1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.0005 else "0 s"
    if round(seconds, 2) < 10:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_bytes(size_bytes: float) -> str:
    """A size in decimal units with three digits, as docker counts: "801 MB", "21.3 MB"."""
    value, unit = float(size_bytes), 0
    while abs(float(f"{value:.3g}")) >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{float(f'{value:.3g}'):g} {_UNITS[unit]}"


def format_ratio(ratio: float) -> str:
    """How many times: "12×", "2.3×", "0.85×"."""
    if ratio == float("inf"):
        return "∞×"
    digits = 0 if ratio >= 10 else 1 if ratio >= 1.95 else 2
    return f"{ratio:.{digits}f}×"


def one_line(instruction: str) -> str:
    """An instruction on one line, FROM without its digest."""
    line = re.sub(r"\s+", " ", visible(instruction)).strip()
    if line.upper().startswith("FROM "):
        line = re.sub(r"@sha256:[0-9a-f]+", "", line)
        line = re.sub(r"(?<= )docker\.io/(?:library/)?", "", line)
    return line


def without_mounts(line: str) -> str:
    """An instruction with its mounts as a mere hint: its command is worth more room."""
    return re.sub(r"(?:--mount=\S+ )+", "--mount… ", line)


def short_instruction(instruction: str, width: int = 60) -> str:
    """An instruction on one line of at most `width` characters, cut between words."""
    line = one_line(instruction)
    if len(line) > width:
        line = without_mounts(line)
    if len(line) <= width:
        return line
    words = line[: width - 1].rpartition(" ")[0].rstrip()
    return f"{words} …" if words else f"{line[: width - 1]}…"


def count(number: int, word: str) -> str:
    """A number of things: "1 step", "3 steps"."""
    return f"{number} {word}{'' if number == 1 else 's'}"
