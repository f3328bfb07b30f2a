"""What an image weighs, layer by layer, as a registry stores and sends it: compressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes

from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_bytes
from buildlab.record.recorded import where_recorded
from buildlab.record.steps import Layer
from buildlab.record.style import INK, INTERNAL, OWN
from buildlab.show.plot.canvas import axes_of, clip, note, short_instruction, styled

Image = BuildRecord | Sequence[Layer]
MB: Final = 1e6


@dataclass(frozen=True, slots=True)
class _Piece:
    """One layer with the words for it; `base` layers came with the base image."""

    words: str
    size_bytes: int
    base: bool


@styled
def sizes(images: Mapping[str, Image] | BuildRecord, ax: Axes | None = None) -> Axes:
    """Draw the layers of one image as rows, or of several images as stacked bars.

    Sizes are compressed, in megabytes of 10⁶ bytes. Grey layers came with the base image.
    """
    if isinstance(images, BuildRecord):
        images = {images.title or "image": images}
    known = {name: _pieces(image) for name, image in images.items()}
    drawn = _rows(*next(iter(known.items())), ax) if len(known) == 1 else _stacks(known, ax)
    drawn.set_xlabel("compressed size, MB")
    note(drawn, where_recorded(i for i in images.values() if isinstance(i, BuildRecord)))
    return drawn


def _pieces(image: Image) -> list[_Piece]:
    """The layers, base first, each with the instruction that made it where that is known."""
    if not isinstance(image, BuildRecord):
        return [_Piece(f"layer {n}", ly.size_bytes, False) for n, ly in enumerate(image, 1)]
    makers = {
        ly.digest: short_instruction(s.instruction, 44)
        for s in image.steps
        if s.cacheable
        for ly in s.layers
    }
    layers = image.layers
    return [
        _Piece(makers.get(ly.digest, "base image"), ly.size_bytes, ly.digest not in makers)
        for ly in layers
    ]


def _rows(name: str, pieces: list[_Piece], ax: Axes | None) -> Axes:
    ax = axes_of(ax, 1.3 + 0.3 * max(1, len(pieces)))
    largest = max((p.size_bytes for p in pieces), default=1) or 1
    for y, piece in enumerate(pieces):
        ax.barh(y, piece.size_bytes / MB, 0.66, **_look(piece))
        _beside(ax, piece.size_bytes / MB, y, format_bytes(piece.size_bytes))
    ax.set(xlim=(0, largest / MB * 1.18), ylim=(max(1, len(pieces)) - 0.4, -0.6))
    ax.set_yticks(range(len(pieces)), [clip(p.words, 46) for p in pieces])
    whole = sum(p.size_bytes for p in pieces)
    ax.set_title(f"{name}: {format_bytes(whole)} in {len(pieces)} layer{'s' * (len(pieces) != 1)}")
    return ax


def _stacks(known: Mapping[str, list[_Piece]], ax: Axes | None) -> Axes:
    ax = axes_of(ax, 1.3 + 0.5 * len(known))
    totals = {name: sum(p.size_bytes for p in pieces) for name, pieces in known.items()}
    largest = max(totals.values(), default=1) or 1
    for y, (name, pieces) in enumerate(known.items()):
        left = 0.0
        for piece in pieces:
            ax.barh(y, piece.size_bytes / MB, 0.62, left / MB, **_look(piece))
            left += piece.size_bytes
        _write_on(ax, y, pieces, largest)
        _beside(ax, left / MB, y, format_bytes(totals[name]))
    ax.set(xlim=(0, largest / MB * 1.16), ylim=(len(known) - 0.4, -0.6))
    ax.set_yticks(range(len(known)), [clip(n, 34) for n in known])
    ax.set_title("Size of the image, by layer")
    return ax


def _write_on(ax: Axes, y: int, pieces: list[_Piece], largest: int) -> None:
    """Words on what is wide enough: base layers share one label, others carry their own."""
    base = sum(p.size_bytes for p in pieces if p.base)
    spans = [(0.0, base, "base image", True)] if base else []
    left = float(base)
    for piece in (p for p in pieces if not p.base):
        spans.append((left, piece.size_bytes, piece.words, False))
        left += piece.size_bytes
    for start, size, words, is_base in spans:
        room = int(size / largest * 100)  # characters of this size that fit
        if room < min(len(words), 9) + 1:
            continue
        ax.text(
            (start + size / 2) / MB,
            y,
            clip(words, room - 1),
            ha="center",
            va="center",
            fontsize=7.5,
            color="white",
            fontweight="bold" if is_base else "normal",
        )


def _look(piece: _Piece) -> dict[str, Any]:
    face = INTERNAL if piece.base else OWN
    return {"facecolor": face, "edgecolor": "white", "linewidth": 1.2}


def _beside(ax: Axes, x: float, y: float, text: str) -> None:
    ax.annotate(
        text, (x, y), (5, 0), textcoords="offset points", va="center", fontsize=8.5, color=INK
    )
