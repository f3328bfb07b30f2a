"""The docker client as it is typed, and builds that nobody watches."""

from __future__ import annotations

from pathlib import Path

from buildlab.builds import build, observe_always
from buildlab.builds.client import typed
from buildlab.builds.unwatched import unwatched
from buildlab.engine import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress


def test_docker_build_is_asked_as_typed(lab_engine: Engine, tmp_path: Path) -> None:
    """A failed build is an answer: its exit code and its words; a good one has code 0."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    code, said = typed.build(lab_engine, tmp_path)
    assert code != 0
    assert '"/nothing": not found' in said
    (tmp_path / "nothing").write_text("")
    assert typed.build(lab_engine, tmp_path, "--output=type=cacheonly")[0] == 0


def test_docker_version_names_the_server(lab_engine: Engine) -> None:
    """What the client prints is read as it is."""
    assert "Server:" in typed.version(lab_engine)


class Watcher:
    """Counts the builds that it saw."""

    seen = 0

    def started(self, command: tuple[str, ...], title: str) -> None:
        Watcher.seen += 1

    def progressed(self, progress: Progress) -> None: ...

    def finished(self, record: BuildRecord) -> None: ...


def test_unwatched_builds_reach_no_standing_observer(lab_engine: Engine, tmp_path: Path) -> None:
    """Inside the block no standing observer is told; after it, all are back."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    end = observe_always(Watcher)
    try:
        with unwatched():
            build(tmp_path, output="cache").require_ok()
        assert Watcher.seen == 0
        build(tmp_path, output="cache").require_ok()
        assert Watcher.seen == 1
    finally:
        end()
