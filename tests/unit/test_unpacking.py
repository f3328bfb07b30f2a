"""Archives that somebody else made: what is read of them, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from buildlab.artifact import oci
from buildlab.artifact.hunt import Hunt
from buildlab.errors import EngineError, UsageError
from buildlab.host import unpacking

ZEROS = bytes(3 << 20)


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar with these entries."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def link(name: str, to: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info, b""


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_refused(pack: Callable[[bytes], bytes]) -> None:
    """What unpacks to more than the limit is refused before it is all in memory."""
    packed = pack(ZEROS)
    assert unpacking.decompressed(packed) == ZEROS
    with pytest.raises(UsageError, match="unpacks to more than 2 MB"):
        unpacking.decompressed(packed, "it", 2 << 20)
    with (
        tarfile.open(fileobj=io.BytesIO(tar_of((tarfile.TarInfo("a"), ZEROS)))) as tar,
        pytest.raises(UsageError, match="more than 2 MB"),
    ):
        list(unpacking.files(tar, "it", 2 << 20))


def test_several_members_and_frames_are_one_file() -> None:
    """As layers are that were packed on several processors; what only begins like one is none."""
    assert unpacking.decompressed(gzip.compress(b"a") + gzip.compress(b"b")) == b"ab"
    assert unpacking.decompressed(zstandard.compress(b"a") + zstandard.compress(b"b")) == b"ab"
    assert unpacking.decompressed(gzip.compress(b"")) == b""
    assert unpacking.decompressed(gzip.compress(ZEROS)[:-9]) is None
    assert unpacking.decompressed(b"\x1f\x8b\x08 no gzip") is None


def test_links_are_not_followed() -> None:
    """Only plain files have a content: a link's target is nobody's business."""
    entries = (
        (tarfile.TarInfo("a"), b"a"),
        link("hard", "a", tarfile.LNKTYPE),
        link("soft", "/etc/passwd", tarfile.SYMTYPE),
    )
    with tarfile.open(fileobj=io.BytesIO(tar_of(*entries))) as tar:
        assert [(info.name, data) for info, data in unpacking.files(tar)] == [("a", b"a")]
        with pytest.raises(KeyError):
            unpacking.content(tar, "soft")


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "a\\..\\b", "a\0b"])
def test_a_name_stays_inside(name: str) -> None:
    """A path that leads out of its folder is refused, whichever way it does."""
    with pytest.raises(UsageError, match="leads out"):
        unpacking.inside(name)
    assert unpacking.inside("go/bin/go") == "go/bin/go"


def test_a_changed_blob_is_not_loaded(tmp_path: Path) -> None:
    """An OCI layout is held against its names, blob by blob."""
    blobs = tmp_path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (blobs / hashlib.sha256(b"layer").hexdigest()).write_bytes(b"layer")
    unpacking.require_blobs(tmp_path)
    (blobs / hashlib.sha256(b"layer").hexdigest()).write_bytes(b"other")
    with pytest.raises(EngineError, match="another digest") as refused:
        unpacking.require_blobs(tmp_path)
    assert str(tmp_path) in refused.value.hint


def test_an_image_file_whose_blobs_were_changed(tmp_path: Path) -> None:
    """An OCI archive with another manifest behind the digest is no image."""
    digest = "0" * 64
    index = json.dumps({"manifests": [{"digest": f"sha256:{digest}"}]}).encode()
    (tmp_path / "image.tar").write_bytes(
        tar_of(
            (tarfile.TarInfo("index.json"), index),
            (tarfile.TarInfo(f"blobs/sha256/{digest}"), b"{}"),
        )
    )
    with pytest.raises(UsageError, match="another content"):
        oci.read(tmp_path / "image.tar")


def test_a_token_is_found_however_it_is_packed() -> None:
    """The limits take nothing from the hunt: it still looks through layers in layers."""
    layer = tar_of((tarfile.TarInfo("etc/netrc"), b"password t0ken-of-the-lesson"))
    packed = zstandard.compress(tar_of((tarfile.TarInfo("inner.tar.gz"), gzip.compress(layer))))
    assert Hunt({"it": "t0ken-of-the-lesson"}).in_bytes(packed, "x")["it"].endswith("/etc/netrc")
