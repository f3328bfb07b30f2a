"""Where and when the builds were recorded that are shown in place of new ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from buildlab.basics.visible import on_one_line


class Made(Protocol):
    """A build, or what was read off builds: `recorded` is "" where they were made here."""

    @property
    def recorded(self) -> str: ...


def where_recorded(made: Iterable[Made]) -> str:
    """Of several, where and when the first recorded one was; "" where all were made here."""
    return next((one.recorded for one in made if one.recorded), "")


def bracketed(made: Iterable[Made]) -> str:
    """The same at a sentence's end, in brackets; "" where all were made here."""
    where = on_one_line(where_recorded(made))
    return f" [{where}]" if where else ""
