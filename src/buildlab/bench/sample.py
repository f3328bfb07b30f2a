"""The sample service: its folder, its Dockerfiles, edits of it, and benches made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from buildlab.bench import uses
from buildlab.bench.bench import Bench
from buildlab.bench.edits import Edit, raised, swapped
from buildlab.builds.workspace import workspace
from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord

NOTHING_IGNORED = "# Nothing is ignored.\n"
VARIANTS: Mapping[str, str] = {
    "naive": "dockerfiles/01-naive.Dockerfile",
    "dependencies first": "dockerfiles/02-dependencies-first.Dockerfile",
    "dockerignore": "dockerfiles/03-dockerignore.Dockerfile",
    "cache mounts": "dockerfiles/04-cache-mounts.Dockerfile",
    "multi-stage": "dockerfiles/05-multi-stage.Dockerfile",
    "production": "dockerfiles/06-production.Dockerfile",
    "tuned": "Dockerfile",
}


EDITS: Final = (
    Edit("leaf", raised("justNowSeconds", "internal/humanize/ago.go")),
    Edit("core", raised("maxVersionLength", "internal/board/board.go")),
    Edit("asset", swapped("internal/web/static/board.css", "accent: #0072b2", "accent: #d55e00")),
    Edit("test", swapped("internal/humanize/ago_test.go", "may be ahead", "may run ahead")),
    Edit("comment", swapped("internal/board/board.go", "It imports nothing", "It needs nothing")),
    Edit("bump", swapped("go.mod", "chi/v5 v5.4.0", "chi/v5 v5.5.0")),
)
"""Named edits: a leaf package, a widely imported one, an embedded file, a test, a comment, a
dependency. Each costs something else."""


def sample_app() -> Path:
    """The folder of the sample service. Raises UsageError outside a checkout of the kit."""
    return uses.part("sample")


def sample_file(name: str) -> Path:
    """One file of the sample service. Raises as `sample_app`."""
    return uses.part(f"sample/{name}")


def _find() -> Path:
    here = Path(__file__).resolve()
    for parent in here.parents:
        if (parent / "sample_go_app" / "go.mod").is_file():
            return parent / "sample_go_app"
    raise UsageError(
        "sample_go_app/ is not beside the installed package",
        "install from a checkout of the kit: ./lab start",
    )


uses.place("sample", _find)


class Service(Bench):
    """A private copy of the sample service, built by the name of a Dockerfile.

    Its go.mod carries a comment that no other copy has, its cache mounts are its own, and its
    version is too, where the Dockerfile takes one: BuildKit knows what COPY --from copies by
    content, and a program built before would be cached. So the first build of each variant is
    cold however warm the engine is, and nothing is pruned.
    """

    def build(self, title: str, /, *flags: str, **options: Any) -> BuildRecord:
        """Build one of `VARIANTS`; `title=…` is another title. Raises UsageError for no variant."""
        variant, shown = title, options.pop("title", title)
        try:
            dockerfile = VARIANTS[variant]
        except KeyError:
            raise UsageError(
                f"no Dockerfile is named {variant!r}", f"choose one of: {', '.join(VARIANTS)}"
            ) from None
        if "ARG VERSION" in self.workspace.read(dockerfile):
            flags = (f"--build-arg=VERSION=lesson-{self.salt}", *flags)
        flags = (f"--file={dockerfile}", *flags)
        return super().build(shown, *flags, **options)


@contextmanager
def service() -> Iterator[Service]:
    """A Service whose copy is removed at the end, and kept if the block fails."""
    with workspace(sample_app()) as copy:
        yield Service(copy, EDITS)


@contextmanager
def recipe(
    dockerfile: Path, changes: Iterable[Edit], *, ignore: str = NOTHING_IGNORED
) -> Iterator[Bench]:
    """A bench of the service with one Dockerfile of cheap steps; `ignore` is its .dockerignore.

    The baseline is built when the block begins.
    """
    with workspace(sample_app()) as copy:
        copy.write(dockerfile.name, dockerfile.read_text())
        copy.write(f"{dockerfile.name}.dockerignore", ignore)
        made = Bench(copy, changes, f"--file={dockerfile.name}", output="cache", cache_ns=None)
        made.dockerfile = dockerfile.read_text()
        assert made.baseline
        yield made
