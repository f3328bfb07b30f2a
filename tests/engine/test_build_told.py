"""What a build tells beside its steps: fetched contexts, failed caches, shared work."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.engine.model import Engine
from buildlab.record.steps import StepKey
from buildlab.record.words import record_text
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder that is served on all addresses of this machine, and the port."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield folder, server.server_port
        server.shutdown()


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.test", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def host_address() -> str:
    """This machine's own address, which the engine's network reaches."""
    said = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout
    return said.split()[0]


def test_the_commit_of_a_git_context(
    lab_engine: Engine, served: tuple[Path, int], context: Context
) -> None:
    """What was built is told by its commit, also after a push; its COPY reads a context."""
    folder, port = served
    work = folder / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    for text in ("one", "two"):
        (work / "Dockerfile").write_text(f"FROM scratch\nCOPY . /{text}{context.salt}\n")
        git(work, "add", "-A")
        git(work, "commit", "-qm", text)
        git(work, "update-server-info")
        url = f"http://{host_address()}:{port}/work/.git#main"
        record = build(url, engine=lab_engine, output="cache", title="git").require_ok()
        assert record.commit == git(work, "rev-parse", "HEAD")
        assert record.commit[:12] in record_text(record)
        assert [s.reads_context for s in record.steps] == [True]


def test_caches_that_were_not_there(lab_engine: Engine, context: Context) -> None:
    """An import that failed and a type=gha that was dropped are said; the build goes on."""
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt}\n")
    flags = (
        "--cache-from",
        "type=registry,ref=localhost:5999/none:cache",
        "--cache-to",
        "type=gha",
    )
    record = build(context.path, *flags, engine=lab_engine, output="cache").require_ok()
    assert {w.rule for w in record.warnings} == {"cache import", "cache export"}
    done = subprocess.run(
        [sys.executable, "-m", "buildlab", "build", str(context.path), *flags],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert len(re.findall(r"^Warning: cache ", done.stdout, re.M)) == 2


def test_shared_steps_in_both_stages(lab_engine: Engine, context: Context) -> None:
    """Cold, unchanged, and failed: the same places; which stage BuildKit names is no matter."""
    text = (
        f"FROM {BASE} AS a\nRUN echo {context.salt} > /x\nRUN echo a > /a\n"
        f"FROM {BASE} AS b\nRUN echo {context.salt} > /x\nRUN echo b > /b\n"
        "FROM scratch\nCOPY --from=a /x /a\nCOPY --from=b /b /b\n"
    )
    keys = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3), ("stage-2", 1)]
    for dockerfile in (text, text, f"{text}COPY missing /\n"):
        context.dockerfile(dockerfile)
        record = build(context.path, engine=lab_engine, output="cache")
        assert [(s.key.stage, s.key.index) for s in record.steps][:7] == keys
        assert record.step("b", 2).shared_with == StepKey("a", 2)
        assert record.step("b", 2).lines == (5, 5)
        assert record.step("b", 2).state is record.step("a", 2).state


def test_line_ends_of_windows_in_a_heredoc_are_named(context: Context, lab_engine: Engine) -> None:
    """A shell's `Illegal option -` doesn't say that it met a CR; without one nothing is said."""
    text = f"FROM {BASE}\nRUN <<EOF\nset -eu\nfalse {context.salt}\nEOF\n"
    told = []
    for ends in (text.replace("\n", "\r\n"), text):
        (context.path / "Dockerfile").write_bytes(ends.encode())
        record = build(context.path, engine=lab_engine, output="cache")
        assert record.failure is not None
        told.append(record.failure.message)
    assert "→ sed -i 's/\\r$//' " in told[0]
    assert "end in CR LF" in told[0]
    assert "CR LF" not in told[1]
