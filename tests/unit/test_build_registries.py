"""Which registries a build's flags name, and what is noted of a build under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildlab.builds.aftermath import Underway
from buildlab.builds.asked.registries import references, server_of


@pytest.mark.parametrize(
    ("flags", "refs"),
    [
        (("--cache-from=type=registry,ref=r:5000/a",), ["r:5000/a"]),
        (("--cache-from", "r:5000/a"), ["r:5000/a"]),
        (("--cache-from=ref=r:5000/a",), ["r:5000/a"]),
        (('--cache-to=type=registry,"ref=r:5000/a",mode=max',), ["r:5000/a"]),
        (("--cache-to=type=local,dest=x", "--cache-from=type=gha", "--cache-from=type=local"), []),
        (("-t", "r:5000/a", "--push"), ["r:5000/a"]),
        (("-t", "r:5000/a", "-o", "type=registry"), ["r:5000/a"]),
        (("-t", "r:5000/a", "--output=type=image,push=true"), ["r:5000/a"]),
        (("-t", "r:5000/a", "--load"), []),
    ],
)
def test_registries_that_flags_name(flags: tuple[str, ...], refs: list[str]) -> None:
    """A cache in a registry or a push needs one; a local cache and a local tag don't."""
    assert [ref for _, _, ref in references(flags)] == refs


@pytest.mark.parametrize(
    ("ref", "host", "port"),
    [
        ("127.0.0.1:5001/a/b:c", "127.0.0.1", "5001"),
        ("localhost/a", "localhost", "80"),
        ("ghcr.io/a/b@sha256:0", "ghcr.io", "443"),
        ("[::1]:5001/a", "[::1]", "5001"),
        ("user/app:cache", "registry-1.docker.io", "443"),
        ("docker.io/user/app", "registry-1.docker.io", "443"),
    ],
)
def test_server_that_a_reference_means(ref: str, host: str, port: str) -> None:
    """As docker reads a reference: a first word with a dot or a colon is a host."""
    assert (server_of(ref).host, server_of(ref).port) == (host, port)


def test_note_that_is_damaged_is_none(tmp_path: Path) -> None:
    """A note that a full disk cut short must not stop the next build."""
    note = Underway.of(tmp_path, "engine")
    assert note.read() is None
    note.write("app-1")
    found = note.read()
    assert found is not None
    assert found[0] == "app-1"
    note.file.write_text(note.file.read_text()[:5])
    assert note.read() is None
    note.remove()
    note.remove()
