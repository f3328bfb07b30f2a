"""The files that a build can read, kept so that two builds can be told apart by them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from buildlab.builds.asked.source import locate
from buildlab.builds.context import manifest
from buildlab.builds.context.manifest import files_of
from buildlab.record.compare import compare, summary
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step, StepKey

BUILT = BuildRecord(
    id="",
    title="app",
    command=(),
    context=".",
    dockerfile="Dockerfile",
    started_at="",
    wall_s=1.0,
    exit_code=0,
)
FLAGS = (
    *("--build-context", "lib=lib", "--secret", "id=token,src=token.txt"),
    *("--secret=id=pass,env=PASS", "--ssh", "default=lib/key"),
    *("--build-arg", "API_TOKEN", "--build-arg=PLAIN=x"),
)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], str]:
    """What is said of two builds with an edit between them."""
    app = tmp_path / "app"
    for name, text in {
        "Dockerfile": "FROM scratch\nCOPY . /\n",
        ".dockerignore": "token.txt\nout\n!out/kept\n.cache\n",
        "main.go": "one",
        "data/sub/x": "x",
        "out/kept": "k",
        "out/left": "l",
        ".cache/x": "x",
        ".git/HEAD": "a",
        "token.txt": "first",
    }.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (app / "lib").mkdir()
    (app / "lib/lib.go").write_text("lib")
    (app / "lib/key").write_text("key")
    (app / "lib/.dockerignore").write_text("key")
    monkeypatch.setenv("PASS", "first")
    monkeypatch.setenv("API_TOKEN", "long-first")
    (app / "link").symlink_to("main.go")
    monkeypatch.chdir(app)

    def make(edit: Callable[[], object]) -> str:
        source = locate(".", FLAGS)
        before = files_of(source, tmp_path / "keys", os.environ)
        edit()
        records = [
            dataclasses.replace(BUILT, id=name, files=files)
            for name, files in (
                ("a", before),
                ("b", files_of(source, tmp_path / "keys", os.environ)),
            )
        ]
        return summary(compare(*records))

    return make


def _relink() -> None:
    Path("link").unlink()
    Path("link").symlink_to("data")


def _attribute() -> None:
    try:
        os.setxattr("data/sub/x", "user.x", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")


EDITS: dict[str, tuple[Callable[[], object], str]] = {
    "edited": (lambda: Path("main.go").write_text("two"), "other files: main.go (changed)"),
    "new": (lambda: Path("data/y").write_text(""), "other files: data/y (new)"),
    "gone": (lambda: Path("data/sub/x").unlink(), "other files: data/sub/x (gone)"),
    "mode of a folder": (
        lambda: Path("data/sub").chmod(0o700),
        "other files: data/sub (mode 755 → 700)",
    ),
    "link": (_relink, "other files: link (changed)"),
    "let in again": (lambda: Path("out/kept").write_text("o"), "other files: out/kept (changed)"),
    "named context": (
        lambda: Path("lib/lib.go").write_text("new"),
        "lib:lib.go (changed)",
    ),
    "git": (lambda: Path(".git/HEAD").write_text("b"), "other files: .git (changed)"),
    "secret of a variable": (
        lambda: os.environ.update(PASS="then"),
        "other values: secret pass (changed)",
    ),
    "masked argument": (
        lambda: os.environ.update(API_TOKEN="long-then"),
        "other values: argument API_TOKEN (changed)",
    ),
    "attribute": (_attribute, "other files: data/sub/x (changed)"),
    "secret gone": (lambda: os.environ.pop("PASS"), "other values: secret pass (gone)"),
    "key": (lambda: Path("lib/key").write_text("then"), "other values: ssh default (changed)"),
    "secret": (
        lambda: Path("token.txt").write_text("then"),
        "other values: secret token (changed)",
    ),
}


@pytest.mark.parametrize(("edit", "words"), EDITS.values(), ids=EDITS)
def test_files_that_differ_are_named(
    told: Callable[[Callable[[], object]], str], edit: Callable[[], object], words: str
) -> None:
    """Content, mode, what is new or gone: by name, of what is sent and of a secret's file."""
    Path("data/sub").chmod(0o755)
    assert words in told(edit)


@pytest.mark.parametrize(
    "edit",
    [
        lambda: Path("out/left").write_text("other"),
        lambda: Path(".cache/x").write_text("other"),
        lambda: os.utime("main.go"),
        lambda: Path("main.go").write_text("one"),
        lambda: Path("token.txt").chmod(0o600),
    ],
    ids=[
        *("ignored beside what is let in", "ignored", "touched", "written with the same bytes"),
        "mode of a secret",
    ],
)
def test_files_that_make_no_difference_are_not_named(
    told: Callable[[Callable[[], object]], str], edit: Callable[[], object]
) -> None:
    """Ignored files are not sent, and a time is in no cache key."""
    assert "other files" not in told(edit)


def test_no_content_and_no_plain_digest_is_kept(tmp_path: Path) -> None:
    """Without the key of a home, a digest says nothing: two homes give two, and aren't compared."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    source = locate(tmp_path, ())
    one, other = (files_of(source, tmp_path / "keys" / n, {}) for n in "ab")
    assert one is not None
    assert other is not None
    assert one.key != other.key
    assert one.entries != other.entries
    a, b = (dataclasses.replace(BUILT, id=f.key, files=f) for f in (one, other))
    assert "other files" not in summary(compare(a, b))


@pytest.mark.parametrize("limit", ["_MOST_ENTRIES", "_MOST_BYTES"])
def test_a_large_context_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Then nothing is known of its files, and where a step read them that is said."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "x").write_text("x")
    source = locate(tmp_path, ("--secret", "id=t,env=T"))
    files = [files_of(source, tmp_path / "keys", {"T": "one"})]
    monkeypatch.setattr(manifest, limit, 1)
    files.append(files_of(source, tmp_path / "keys", {"T": "two"}))
    step = Step(StepKey("", 1), 1, "COPY . /", State.RAN, reads_context=True)
    a, b = (
        dataclasses.replace(BUILT, id=str(n), files=f, steps=(step,)) for n, f in enumerate(files)
    )
    for found in (compare(a, b), compare(b, a)):
        assert "other values: secret t (changed)" in summary(found)
        assert "whether files differ isn't known: the context has more than" in summary(found)
    cached = dataclasses.replace(b, steps=(dataclasses.replace(step, state=State.CACHED),))
    assert "isn't known" not in summary(compare(a, cached))
