"""The search that says "not found": it must find what is there, however it is packed."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from pathlib import Path

import pytest
import zstandard

from buildlab.artifact.hunt import Hunt, changed_since
from buildlab.errors import EngineError

TOKENS = {"a": "buildlab-leak-0123456789abcdef", "b": "buildlab-leak-fedcba9876543210"}


def tar(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("after", range(3))
def test_base64_at_any_offset(before: int, after: int) -> None:
    """A token is found in base64 wherever in the coded text it stands."""
    coded = base64.b64encode(b"x" * before + TOKENS["a"].encode() + b"y" * after)
    assert set(Hunt(TOKENS).in_bytes(coded)) == {"a"}


@pytest.mark.parametrize("pack", [gzip.compress, zstd, lambda d: tar(file=d)])
@pytest.mark.parametrize("outer", [gzip.compress, zstd, lambda d: tar(folder=d)])
def test_packed_in_packed(pack, outer) -> None:  # type: ignore[no-untyped-def]
    """Tar, gzip and zstd are opened, one in the other."""
    data = outer(pack(b"user " + TOKENS["b"].encode() + b"\n"))
    assert set(Hunt(TOKENS).in_bytes(data)) == {"b"}


def test_frames_after_the_first() -> None:
    """A gzip or zstd file may be several, one after the other: all are read."""
    token = TOKENS["a"].encode()
    assert Hunt(TOKENS).in_bytes(gzip.compress(b"one") + gzip.compress(token))
    assert Hunt(TOKENS).in_bytes(zstd(b"one") + zstd(token))


def test_says_where() -> None:
    """The place names the file in the archive in which the token lies."""
    data = gzip.compress(tar(one=b"nothing", two=TOKENS["a"].encode()))
    assert Hunt(TOKENS).in_bytes(data, "layer 1") == {"a": "layer 1: /two"}


def test_finds_nothing_where_nothing_is() -> None:
    """Part of a token, or a file that only begins like a gzip file, is no find and no error."""
    data = TOKENS["a"][:-1].encode() + b"\x1f\x8b\x08 no gzip"
    assert Hunt(TOKENS).in_bytes(data) == {}
    assert Hunt(TOKENS).in_bytes(b"\x1f\x8b\x08 no gzip") == {}


def test_too_deep_is_an_error() -> None:
    """What is packed too often to be opened is named, and not passed over."""
    data = TOKENS["a"].encode()
    for _ in range(9):
        data = gzip.compress(data)
    with pytest.raises(EngineError, match="packed more than"):
        Hunt(TOKENS).in_bytes(data, "blob")


def test_changed_files_only(tmp_path: Path) -> None:
    """New and changed files are told, those left alone are not."""
    (tmp_path / "old").write_text("old")
    (tmp_path / "grows").write_text("a")
    changed = changed_since(tmp_path)
    (tmp_path / "grows").write_text("aa")
    (tmp_path / "new").write_text("new")
    assert {path.name for path in changed()} == {"grows", "new"}


def test_what_only_begins_like_an_archive_is_searched_as_it_is() -> None:
    """A program may hold the mark of a tar file where tar files have it."""
    data = b"\0" * 257 + b"ustar" + b" and then " + TOKENS["a"].encode() + b" in some program"
    assert Hunt(TOKENS).in_bytes(data, "file") == {"a": "file"}
