"""A plot as a notebook shows it: a picture with alt text, its summary sentence, its table."""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import dataclass

import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from buildlab.show.html.page import render, styled
from buildlab.show.plot.canvas import SHEET

CSS_PX_PER_IN = 96


@dataclass(frozen=True, slots=True)
class Shown:
    """What a cell ends with: the picture, one sentence that says what it shows, and its table.

    The sentence is the alt text and the caption. `recorded` is said beneath where not empty.
    """

    png: bytes
    alt: str
    table_html: str = ""
    recorded: str = ""

    def _repr_html_(self) -> str:
        width_px, height_px = _pixels(self.png)
        return styled(
            render(
                "figure",
                alt=self.alt,
                width=width_px // 2,
                height=height_px // 2,
                data=base64.b64encode(self.png).decode(),
                recorded=self._unsaid,
                table=Markup(self.table_html),
            )
        )

    def __repr__(self) -> str:
        return f"{self.alt} [{self._unsaid}]" if self._unsaid else self.alt

    @property
    def _unsaid(self) -> str:
        """The recording's caption, unless the sentence ends with it already."""
        return "" if self.recorded in self.alt else self.recorded


def figure(drawn: Axes | Figure, alt: str, *, table_html: str = "", recorded: str = "") -> Shown:
    """The picture of `drawn`, twice as fine as the screen, with its text for those who can't see.

    `alt` is one sentence made from the data, with its figures. Raises ValueError without one.
    """
    if not alt.strip():
        raise ValueError("a figure needs its sentence: for a screen reader it is the figure")
    return Shown(png(drawn), alt.strip(), table_html, recorded)


def png(drawn: Axes | Figure) -> bytes:
    """The figure as PNG, two pixels for each CSS pixel; the same bytes for the same data."""
    whole = drawn.get_figure(root=True) if isinstance(drawn, Axes) else drawn
    if whole is None:
        raise ValueError("these axes belong to no figure any more: draw again")
    out = io.BytesIO()
    with matplotlib.style.context(SHEET):
        whole.savefig(out, format="png", dpi=2 * CSS_PX_PER_IN, metadata={"Software": None})
    return out.getvalue()


def _pixels(data: bytes) -> tuple[int, int]:
    """Width and height from the PNG's header."""
    width, height = struct.unpack(">II", data[16:24])
    return width, height
