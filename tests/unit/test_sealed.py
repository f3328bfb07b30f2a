"""Bundles that somebody changed: refused, and nothing is left."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest

from buildlab.errors import UsageError
from buildlab.setup import bundle, sealed
from buildlab.setup.bundle import Made

SCRIPT = Path(sealed.__file__)
FILES = {
    "images/a/index.json": b"{}",
    "modules/m/@v/v1.zip": b"zip" * 1000,
    "modules/n/@v/v1.zip": b"zip" * 1000,
    "wheels/w.whl": b"a wheel",
}
Entries = list[tuple[tarfile.TarInfo, bytes]]


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """An entry of a tar."""
    made = tarfile.TarInfo(name)
    made.type, made.size = kind, len(content)
    return made


def listed(**changes: object) -> dict[str, object]:
    """What bundle.json holds for FILES."""
    parts = {name: [sha256(data).hexdigest(), len(data)] for name, data in FILES.items()}
    return {**asdict(Made.here()), "parts": parts, **changes}


def good() -> Entries:
    """The entries of a bundle with FILES; of two files with one content the first is there."""
    info = json.dumps(listed()).encode()
    kept = {name: data for name, data in FILES.items() if name != "modules/n/@v/v1.zip"}
    return [(entry("bundle.json", info), info), *((entry(n, d), d) for n, d in kept.items())]


def written(path: Path, entries: Entries, form: int = tarfile.GNU_FORMAT) -> Path:
    """A tar with these entries, as they are."""
    with tarfile.open(path, "w", format=form) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return path


def with_list(**changes: object) -> Entries:
    """The good entries behind another list."""
    info = json.dumps(listed(**changes)).encode()
    return [(entry("bundle.json", info), info), *good()[1:]]


def linked(kind: bytes, to: str) -> Entries:
    """The good entries, the last of them a link."""
    link = entry("wheels/w.whl", kind=kind)
    link.linkname = to
    return [*good()[:-1], (link, b"")]


def renamed_by_pax() -> Entries:
    """An entry whose PAX header gives it another name than the tar's own."""
    info, data = good()[-1]
    info.pax_headers = {"path": "../../etc/cron.d/x"}
    return [*good()[:-1], (info, data)]


def a_part(path: str) -> Entries:
    """A list that names another path, and an entry of that name."""
    data = b"x"
    info = json.dumps(listed(parts={path: [sha256(data).hexdigest(), 1]})).encode()
    return [(entry("bundle.json", info), info), (entry(path, data), data)]


def twice() -> Entries:
    """bundle.json a second time, with other digests."""
    return [*good()[:1], *with_list(parts={})]


HOSTILE: dict[str, Callable[[], Entries]] = {
    "a changed part": lambda: [*good()[:-1], (entry("wheels/w.whl", b"b wheel"), b"b wheel")],
    "a longer part": lambda: [*good()[:-1], (entry("wheels/w.whl", b"longer!!"), b"longer!!")],
    "a missing part": lambda: good()[:-1],
    "an extra part": lambda: [*good(), (entry("wheels/x.whl", b"x"), b"x")],
    "a part twice": lambda: [*good(), (entry("wheels/w.whl", b"b wheel"), b"b wheel")],
    "another order": lambda: [good()[0], *reversed(good()[1:])],
    "a list twice": twice,
    "a hard link": lambda: linked(tarfile.LNKTYPE, "../../../../etc/passwd"),
    "a symlink": lambda: linked(tarfile.SYMTYPE, "/etc/passwd"),
    "a device": lambda: linked(tarfile.CHRTYPE, ""),
    "a fifo": lambda: linked(tarfile.FIFOTYPE, ""),
    "a folder": lambda: linked(tarfile.DIRTYPE, ""),
    "a sparse file": lambda: linked(tarfile.GNUTYPE_SPARSE, ""),
    "a path above": lambda: a_part("wheels/../../up"),
    "an absolute path": lambda: a_part("/etc/cron.d/x"),
    "a path elsewhere": lambda: a_part("engine/data"),
    "a backslash": lambda: a_part("wheels/..\\x"),
    "a blob of another name": lambda: a_part(f"images/a/blobs/sha256/{'0' * 64}"),
    "a file that is a folder": lambda: with_list(
        parts={"wheels/a": ["0" * 64, 1], "wheels/a/b": ["1" * 64, 1]}
    ),
    "two sizes": lambda: with_list(parts={"wheels/a": ["0" * 64, 1], "wheels/b": ["0" * 64, 2]}),
    "a bomb": lambda: with_list(parts={"wheels/a": ["0" * 64, 1 << 50]}),
    "a negative size": lambda: with_list(parts={"wheels/a": ["0" * 64, -1]}),
    "no digest": lambda: with_list(parts={"wheels/a": ["", 1]}),
    "parts that are no list": lambda: with_list(parts=[1, 2]),
    "an old format": lambda: with_list(format=2),
    "no bundle.json": lambda: good()[1:],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_not_as_listed_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence with a hint; there is no home afterwards, and the script says the same."""
    home = tmp_path / "home"
    monkeypatch.setenv("BUILDLAB_HOME", str(home))
    monkeypatch.setenv("BUILDLAB_PACKAGES", str(tmp_path / "packages"))
    file = written(tmp_path / "b.tar", HOSTILE[what]())
    with pytest.raises(UsageError) as refused:
        bundle.unpack(file)
    assert str(file) in refused.value.message and "\n" not in refused.value.message
    assert refused.value.hint
    assert not home.exists()
    (tmp_path / "wheels").mkdir()
    argv = [sys.executable, "-I", str(SCRIPT), str(file), "", str(tmp_path / "wheels")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lab: ") and "Traceback" not in done.stderr


def test_headers_of_other_tars_are_refused(tmp_path: Path) -> None:
    """PAX headers, which rename and resize what follows, are in no bundle of ours."""
    file = written(tmp_path / "b.tar", renamed_by_pax(), tarfile.PAX_FORMAT)
    (tmp_path / "out").mkdir()
    with pytest.raises(sealed.Refused):
        sealed.unpack(file, tmp_path / "out")


@pytest.mark.parametrize("size", [600, 1500, 3000, 5000])
def test_a_file_that_ends_early_is_refused(size: int, tmp_path: Path) -> None:
    """Wherever a copy was cut off."""
    whole = written(tmp_path / "b.tar", good()).read_bytes()
    (cut := tmp_path / "cut.tar").write_bytes(whole[:size])
    (tmp_path / "out").mkdir()
    with pytest.raises(sealed.Refused):
        sealed.unpack(cut, tmp_path / "out")


def test_what_follows_the_end_is_refused(tmp_path: Path) -> None:
    """A second tar behind the first is not passed over."""
    file = written(tmp_path / "b.tar", good())
    file.write_bytes(file.read_bytes() + written(tmp_path / "c.tar", good()).read_bytes())
    (tmp_path / "out").mkdir()
    with pytest.raises(sealed.Refused, match="follows its end"):
        sealed.unpack(file, tmp_path / "out")


def test_a_bundle_in_order_is_unpacked(tmp_path: Path) -> None:
    """Each file has its content and is private; one content stands in the tar once."""
    sources, made = {}, Made.here()
    for name, data in FILES.items():
        sources[name] = tmp_path / "from" / name
        sources[name].parent.mkdir(parents=True, exist_ok=True)
        sources[name].write_bytes(data)
    sealed.write(tmp_path / "b.tar", asdict(made), sources)
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert len(tar.getnames()) == len(FILES)  # bundle.json, and one of the two zips
    assert bundle.read(tmp_path / "b.tar") == made
    (out := tmp_path / "out").mkdir()
    sealed.unpack(tmp_path / "b.tar", out, digest=bundle.digest(tmp_path / "b.tar").upper())
    found = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == FILES
    assert all(path.stat().st_mode & 0o077 == 0 for path in found.values())


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:12", "nonsense"])
def test_another_digest_is_refused_before_anything(digest: str, tmp_path: Path) -> None:
    """And no digest at all is asked for by what it is, in the script too."""
    file = written(tmp_path / "b.tar", good())
    (out := tmp_path / "out").mkdir()
    with pytest.raises(sealed.Refused, match="digest"):
        sealed.unpack(file, out, digest=digest)
    argv = [sys.executable, "-I", str(SCRIPT), str(file), digest, str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "digest" in done.stderr
    assert list(out.iterdir()) == []
