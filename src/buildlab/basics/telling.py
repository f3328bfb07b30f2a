"""What long work tells of itself: in words what it is at, and how far it is where that is known."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Hears what work is at. One that has a method `count` hears how far it is, too."""

BYTES = "bytes"
"""The unit, or its first word, of what is shown as a size."""


def count(tell: Tell, done: int, of: int, unit: str = BYTES) -> None:
    """Tell how far the work is, to who can hear it; of 0 where the whole is not known (yet)."""
    hear = getattr(tell, "count", None)
    if hear is not None:
        hear(done, of, unit)
