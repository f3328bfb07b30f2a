"""Which base images are in use, for the command line and the lessons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from buildlab.basics.visible import escaped
from buildlab.engine.images.model import BaseImage

_HEAD = ("image", "in use", "digest", "size", "note")


@dataclass(frozen=True, slots=True)
class BaseReport:
    """A table with a sentence under it; ends a notebook's cell."""

    images: tuple[BaseImage, ...]

    @property
    def sentence(self) -> str:
        """What a lesson must say: which images are not those of their publishers."""
        local = [image.name for image in self.images if image.origin == "local equivalent"]
        if not self.images:
            return "No engine, no base images: recorded builds are shown."
        if not local:
            return "All base images are those of their publishers, used by digest."
        which = "all base images" if len(local) == len(self.images) else ", ".join(local)
        return (
            f"Assembled on this machine, since pulling failed: {which}. Local equivalents work "
            "like the published images; sizes and digests differ."
        )

    def rows(self) -> list[tuple[str, ...]]:
        """The table's cells, as text."""
        return [
            (i.name, i.origin, f"{i.digest[:19]}…", _megabytes(i.size_bytes), i.note)
            for i in self.images
        ]

    def __str__(self) -> str:
        lines = [f"{i.name}\n  {i.origin}, {i.digest}\n  {i.note}" for i in self.images]
        return "\n".join([*lines, self.sentence])

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{escaped(word)}</th>" for word in _HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows()
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{escaped(self.sentence)}</p>"


def base_report(images: Sequence[BaseImage]) -> BaseReport:
    """A report on what `ensure` returned."""
    return BaseReport(tuple(images))


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else ""
