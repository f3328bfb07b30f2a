"""Bundles: for which machines, and what is said of others and of other files."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from buildlab.errors import UsageError
from buildlab.setup import bundle
from buildlab.setup.bundle import Made


def written(path: Path, made: Made) -> Path:
    """A bundle with nothing but its description."""
    content = json.dumps(asdict(made)).encode()
    entry = tarfile.TarInfo(bundle.INFO)
    entry.size = len(content)
    with tarfile.open(path, "w") as tar:
        tar.addfile(entry, io.BytesIO(content))
    return path


def test_a_bundle_says_what_it_is_for(tmp_path: Path) -> None:
    """What was written is read again, and fits the machine that it was made on."""
    here = Made.here()
    assert bundle.read(written(tmp_path / "b.tar", here)) == here
    assert here.misfits(here) == ()


def test_another_kind_of_machine_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each difference is named, and nothing is unpacked."""
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "home"))
    other = replace(Made.here(), architecture="riscv64", python="3.99")
    with pytest.raises(UsageError, match=r"riscv64.*Python: the bundle has 3\.99") as caught:
        bundle.unpack(written(tmp_path / "b.tar", other))
    assert "./lab bundle" in caught.value.hint
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"\0" * 10240])
def test_a_file_that_is_no_bundle(tmp_path: Path, content: bytes) -> None:
    """It is said so, with what makes one."""
    file = tmp_path / "b.tar"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="no bundle"):
        bundle.read(file)
    with pytest.raises(UsageError, match="no bundle"):
        bundle.read(tmp_path / "missing.tar")
    with pytest.raises(UsageError, match="no bundle"):
        bundle.unpack(tmp_path)


def test_a_damaged_bundle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was not copied whole is a user's mistake, not a traceback."""
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BUILDLAB_PACKAGES", str(tmp_path / "packages"))
    file = written(tmp_path / "b.tar", Made.here())
    (tmp_path / "part").write_bytes(b"no archive")
    with tarfile.open(file, "a") as tar:
        tar.add(tmp_path / "part", "wheels/part")
    with pytest.raises(UsageError, match="is damaged") as caught:
        bundle.unpack(file)
    assert "copy it again" in caught.value.hint
