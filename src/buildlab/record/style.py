"""One look for each state of a step, wherever it is shown: colour, glyph, hatch, word.

Constants, keyed by phase (the words of the event fold). The colours are Okabe and Ito's, which
stay apart for colour-blind readers; glyph and hatch tell the states apart without any colour.
"""

from typing import Final, Literal

Phase = Literal["cached", "ran", "failed", "not reached", "waiting", "running"]

PHASES: Final[tuple[Phase, ...]] = ("cached", "ran", "failed", "not reached", "waiting", "running")

COLOURS: Final[dict[str, str]] = {
    "cached": "#0072B2",  # blue: dark in greyscale, and dark enough for text on white
    "ran": "#E69F00",  # orange: light in greyscale
    "failed": "#D55E00",  # vermillion: middle grey, always crossed
    "not reached": "#BBBBBB",
    "waiting": "#BBBBBB",
    "running": "#CC79A7",  # reddish purple: seen in the live view only
}
"""Okabe–Ito colour of each phase; never the only sign, a glyph or hatch goes with it."""

GLYPHS: Final[dict[str, str]] = {
    "cached": "○",
    "ran": "●",
    "failed": "✗",
    "not reached": "–",
    "waiting": "·",
    "running": "◐",
}
"""One character for each phase, in fonts that every platform and matplotlib's DejaVu have."""

HATCHES: Final[dict[str, str]] = {
    "cached": "",
    "ran": "///",
    "failed": "xxx",
    "not reached": "...",
    "waiting": "...",
    "running": "",
}
"""Matplotlib hatch of each phase, so that a greyscale print can be read."""

WORDS: Final[dict[str, str]] = {
    "cached": "cached",
    "ran": "ran",
    "failed": "failed",
    "not reached": "not reached",
    "waiting": "waiting",
    "running": "running",
}
"""The word shown beside the glyph: never a glyph alone."""

STOPPED_WORD: Final = "stopped"
"""The word for a step that was at work when the build ended: in its state, "not reached"."""

ENDED: Final = ("cached", "ran", "failed")
"""Phases of a step that has been dealt with."""

TIMED: Final = ("running", "ran", "failed")
"""Phases whose time means work of this step."""

BASE_WORDS: Final = "base image"
"""What stands in place of a state at a FROM that worked."""


def is_base(instruction: str, phase: str) -> bool:
    """Whether this is a FROM that worked: cached or ran says nothing of the build cache there."""
    return phase in ("cached", "ran") and instruction[:5].upper() == "FROM "


INTERNAL: Final = "#7A7A7A"
"""Work that is no step: sending the context, looking up images, exporting."""

INTERNAL_WORDS: Final[dict[str, str]] = {
    "definition": "read the Dockerfile",
    "metadata": "look up base images",
    "dockerignore": "read .dockerignore",
    "context": "send the context",
    "remote context": "fetch the context",
    "export": "export the image",
    "cache import": "import the cache",
    "cache export": "export the cache",
    "client": "client",
    "other": "other",
}
"""What a learner reads for each kind of internal work."""

OWN: Final = "#009E73"
"""What this Dockerfile added to an image (bluish green); `INTERNAL` is what its base brought."""

INK: Final = "#222222"
PAPER: Final = "#FFFFFF"

NO_MATHS: Final = "mathjax_ignore tex2jax_ignore"
"""Classes for HTML that may hold `$A … $B`: without them MathJax sets it as a formula."""
