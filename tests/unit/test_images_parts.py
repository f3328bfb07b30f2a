"""Layers, layouts, pins and reports: what needs no engine."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker.errors
import psutil
import pytest

from buildlab.engine import images
from buildlab.engine.images import gzipped, layout, pulling
from buildlab.engine.images.archive import Archive
from buildlab.engine.images.layers import EPOCH, Layer, LayerStore
from buildlab.engine.images.model import DEBIAN, GOLANG, LABEL, STATIC, BaseImage, slug
from buildlab.engine.images.pulling import Pins, Reach, Unreachable
from buildlab.engine.images.trees import Fingerprint, image_entry, is_static

DIGEST = "sha256:" + "ab" * 32


def _layer(store: LayerStore, name: str = "one", content: bytes = b"hello\n" * 500_000) -> Layer:
    with store.make(name, "key", "a test") as tar:
        tar.folder("etc")
        tar.file("etc/words", content)
    layer = store.get(name, "key")
    assert layer
    return layer


def test_layer_is_the_same_whatever_the_number_of_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer's digest depends on its content alone: not on the machine, not on the time."""
    digests = set()
    for workers in (1, 7):
        monkeypatch.setattr("buildlab.engine.images.layers.os.cpu_count", lambda n=workers: n)
        digests.add(_layer(LayerStore(tmp_path / str(workers))).digest)
    assert len(digests) == 1


def test_layer_digests_are_those_of_its_bytes(tmp_path: Path) -> None:
    """`digest` and `diff_id` are what an engine will compute from the blob."""
    store = LayerStore(tmp_path)
    layer = _layer(store)
    packed = store.blob(layer).read_bytes()
    plain = gzip.decompress(packed)
    assert len(plain) > 2 * gzipped._CHUNK
    assert layer.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert tar.getnames() == ["etc", "etc/words"]
        assert {m.mtime for m in tar} == {EPOCH}


def test_layer_of_other_ingredients_or_a_cut_one_is_not_used(tmp_path: Path) -> None:
    """A layer counts only with the key that it was made from, and only whole."""
    store = LayerStore(tmp_path)
    layer = _layer(store)
    assert store.get("one", "another key") is None
    blob = store.blob(layer)
    blob.write_bytes(blob.read_bytes()[:-1])
    assert store.get("one", "key") is None


def test_layer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """An error while a layer is written leaves neither a record nor a part of it."""
    store = LayerStore(tmp_path)
    with pytest.raises(ValueError, match="half"), store.make("one", "key", "a test") as tar:
        tar.file("a", b"a")
        raise ValueError("half way")
    assert list(tmp_path.iterdir()) == []


def _layout(folder: Path, name: str = GOLANG) -> layout.Layout:
    store = LayerStore(folder / "layers")
    return layout.write(
        folder / "images" / slug(name),
        name,
        [_layer(store)],
        store,
        architecture="amd64",
        config={"Labels": {LABEL: name}},
    )


def test_layout_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A layout read again has the same name, digest and layers; its blobs have their digests."""
    written = _layout(tmp_path)
    assert layout.read(written.path) == written
    for blob in (written.path / "blobs/sha256").iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    assert written.build_context == f"oci-layout://{written.path}@{written.digest}"


def test_layout_that_is_not_whole_is_none(tmp_path: Path) -> None:
    """A layout with a cut or missing blob, or none at all, is not used."""
    written = _layout(tmp_path)
    assert layout.read(tmp_path / "nowhere") is None
    blob = written.path / "blobs/sha256" / written.layers[0].removeprefix("sha256:")
    blob.unlink()
    assert layout.read(written.path) is None


def test_archive_names_the_image_for_both_kinds_of_stores(tmp_path: Path) -> None:
    """The archive names its image for the containerd store and for the classic one."""
    file = io.BytesIO()
    _layout(tmp_path, STATIC).archive(file)
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        index = json.load(cast(Any, tar.extractfile("index.json")))
        classic = json.load(cast(Any, tar.extractfile("manifest.json")))
        assert all(name in tar.getnames() for name in classic[0]["Layers"])
    assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == STATIC
    assert classic[0]["RepoTags"] == [STATIC]


def test_full_names() -> None:
    """Docker Hub's names are written out; others stay."""
    assert layout.full_name(GOLANG) == "docker.io/library/golang:1.27-trixie"
    assert layout.full_name("team/app:1") == "docker.io/team/app:1"
    assert layout.full_name(STATIC) == STATIC


def test_only_local_equivalents_become_build_contexts(tmp_path: Path) -> None:
    """A builder is handed what can't be pulled, by digest, and nothing that can."""
    written = _layout(tmp_path)
    found = [
        BaseImage(GOLANG, written.digest, "local equivalent", "", 1),
        BaseImage(STATIC, DIGEST, "pulled", "", 1),
    ]
    assert images.build_contexts(found, home=tmp_path) == {GOLANG: written.build_context}
    assert images.layouts(tmp_path) == (written.path,)
    assert images.key(tmp_path) != images.key(tmp_path / "elsewhere") == ""


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("./etc/passwd", "etc/passwd"),
        ("./dev/null", None),
        ("./dev", "dev"),
        ("./var/lib/apt/lists/partial", None),
        ("./usr/share/doc/hello/README", None),
        ("./usr/share/doc/hello/copyright", "usr/share/doc/hello/copyright"),
        ("./usr/share/man/man1/ls.1.gz", None),
        ("./usr/share/locale/de/LC_MESSAGES/x.mo", None),
        ("./etc/hostname", None),
        ("./usr/sbin/policy-rc.d", None),
        (".", None),
    ],
)
def test_entries_of_a_debian_tree(name: str, kept: str | None) -> None:
    """Devices, lists, documents and what differs from run to run are left out."""
    entry = image_entry(tarfile.TarInfo(name), installing=False)
    assert (entry.name if entry else None) == kept


def test_real_start_stop_daemon_takes_its_place() -> None:
    """While mmdebstrap installs, the image gets the diverted program, never the stand-in."""
    path = "usr/sbin/start-stop-daemon"
    diverted = image_entry(tarfile.TarInfo(f"./{path}.REAL"), installing=True)
    assert diverted and diverted.name == path
    assert image_entry(tarfile.TarInfo(f"./{path}"), installing=True) is None
    after = image_entry(tarfile.TarInfo(f"./{path}"), installing=False)
    assert after and after.name == path


def test_fingerprints_tell_content_and_rights_apart() -> None:
    """An entry belongs into the upper layer when its content, mode or link differs."""
    one, other = tarfile.TarInfo("a"), tarfile.TarInfo("a")
    assert Fingerprint.of(one, b"x") == Fingerprint.of(other, b"x")
    assert Fingerprint.of(one, b"x") != Fingerprint.of(other, b"y")
    other.mode = 0o600
    assert Fingerprint.of(one, b"x") != Fingerprint.of(other, b"x")


def test_static_image_takes_time_zones_and_no_programs() -> None:
    """The static image has data files only."""
    assert is_static("usr/share/zoneinfo/Europe/Berlin")
    assert is_static("etc/services")
    assert not is_static("usr/bin/perl")
    assert not is_static("etc/passwd")


def test_apt_sources_of_the_image() -> None:
    """The image's apt asks for the suite, its updates and its security fixes, all signed."""
    text = Archive("http://mirror.test/debian", "http://mirror.test/security").stanzas()
    assert [x for x in text.splitlines() if x.startswith("Suites")] == [
        "Suites: trixie",
        "Suites: trixie-updates",
        "Suites: trixie-security",
    ]
    assert text.count("Signed-By: /usr/share/keyrings/") == 3


class FakeApi:
    """A docker API that knows one digest, or answers with an error."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.asked: list[str] = []

    def inspect_distribution(self, name: str) -> dict[str, Any]:
        self.asked.append(name)
        if self.fault:
            raise docker.errors.APIError(self.fault)
        return {"Descriptor": {"digest": DIGEST}}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Pins, Reach]]:
    yield Pins(tmp_path / "pins.json"), Reach(tmp_path / "registries.json")


def _ask(api: FakeApi) -> pulling.Ask:
    return pulling.through_engine(cast(Any, SimpleNamespace(api=api)))


def test_pinned_digest_wins(places: tuple[Pins, Reach]) -> None:
    """An image once pulled is pulled by the same digest again, whatever its tag is now."""
    pins, reach = places
    api = FakeApi()
    assert pulling.resolve(_ask(api), GOLANG, pins, reach) == DIGEST
    pins.put(GOLANG, "sha256:old")
    assert pulling.resolve(_ask(api), GOLANG, pins, reach) == "sha256:old"
    assert pulling.resolve(_ask(api), DEBIAN, pins, reach) == DIGEST
    assert api.asked == [GOLANG, DEBIAN], "within the hour a pinned image needs no question"


def test_unreachable_registry_is_asked_once_an_hour(
    places: tuple[Pins, Reach], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that failed is not asked again within the hour; other registries are."""
    pins, reach = places
    api = FakeApi("Head https://registry: dial tcp: lookup registry: no such host")
    for name in (GOLANG, DEBIAN):
        with pytest.raises(Unreachable, match=r"docker\.io: lookup registry: no such host"):
            pulling.resolve(_ask(api), name, pins, reach)
    assert api.asked == [GOLANG]
    assert pulling.resolve(_ask(FakeApi()), STATIC, pins, reach) == DIGEST
    later = time.time() + pulling.REMEMBER_S + 1
    monkeypatch.setattr("buildlab.engine.images.pulling.time.time", lambda: later)
    assert pulling.resolve(_ask(FakeApi()), GOLANG, pins, reach) == DIGEST


WRITER = """
import sys
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from buildlab.engine.images.pulling import Pins
pins = Pins(Path(sys.argv[1]))
with ThreadPoolExecutor(3) as pool:
    list(pool.map(lambda i: pins.put(f"{sys.argv[2]}-{i}", "sha256:x"), range(100)))
"""


def test_state_is_written_by_threads_and_processes_at_once(tmp_path: Path) -> None:
    """No writer meets another's unfinished file, and no entry is lost."""
    file = tmp_path / "pins.json"
    argv = [sys.executable, "-c", WRITER, str(file)]
    writers = [subprocess.Popen([*argv, name]) for name in ("one", "two")]
    assert [w.wait(60) for w in writers] == [0, 0]
    names = set(json.loads(file.read_text()))
    assert names == {f"{writer}-{i}" for writer in ("one", "two") for i in range(100)}


def test_state_that_is_not_readable_counts_as_none(places: tuple[Pins, Reach]) -> None:
    """A broken state file is no reason to fail."""
    pins, reach = places
    pins.file.write_text("{")
    reach.file.write_text("[]")
    assert pulling.resolve(_ask(FakeApi()), GOLANG, pins, reach) == DIGEST


def test_report_says_which_are_local() -> None:
    """The lesson says in a sentence which images are local equivalents, and why."""
    local = BaseImage(GOLANG, DIGEST, "local equivalent", "lacks <g++>", 2_000_000)
    pulled = BaseImage(STATIC, DIGEST, "pulled", "", 0)
    mixed = images.base_report([local, pulled])
    assert f"pulling failed: {GOLANG}." in mixed.sentence
    assert images.base_report([local]).sentence.count("all base images") == 1
    assert "publishers" in images.base_report([pulled]).sentence
    assert "recorded" in images.base_report([]).sentence


def test_a_killed_assembly_goes_on_nowhere(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool], float, str], None]
) -> None:
    """What grows a Debian tree, silently for minutes, ends with the process that began it."""
    quiet = tmp_path / "mmdebstrap"
    quiet.write_text(
        f"#!/bin/sh\necho $$ > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/pid\n"
        "exec sleep 1000\n"
    )
    quiet.chmod(0o755)
    (tmp_path / "debian-slim/etc/dpkg/dpkg.cfg.d").mkdir(parents=True)
    program = f"""
from pathlib import Path
from buildlab.engine.images import archive, debian, layers
here = Path({str(tmp_path)!r})
store, found = layers.LayerStore(here / "layers"), archive.Archive()
made = debian.Bootstrap(store, "key", here / "work", here, here, found, lambda text: None)
made.run(archive.Tools(here / "mmdebstrap", here / "keys"))
"""
    work = subprocess.Popen([sys.executable, "-c", program])
    wait_until((tmp_path / "pid").exists, 30, "the tree to grow")
    pid = int((tmp_path / "pid").read_text())
    work.kill()
    work.wait()
    try:
        wait_until(lambda: not _lives(pid), 10, "what grew it to end")
    finally:
        if _lives(pid):
            os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
