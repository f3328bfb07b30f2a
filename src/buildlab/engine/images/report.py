"""Which base images are in use, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from buildlab.engine.images.model import BaseImage


@dataclass(frozen=True, slots=True)
class BaseReport:
    """The images, and a sentence under them."""

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

    def __str__(self) -> str:
        lines = [f"{i.name}\n  {i.origin}, {i.digest}\n  {i.note}" for i in self.images]
        return "\n".join([*lines, self.sentence])


def base_report(images: Sequence[BaseImage]) -> BaseReport:
    """A report on what `ensure` returned."""
    return BaseReport(tuple(images))
