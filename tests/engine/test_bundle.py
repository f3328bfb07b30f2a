"""A bundle made here sets up a machine that has no network at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from buildlab.engine import Engine
from buildlab.engine.embedded import shared
from buildlab.errors import UsageError
from buildlab.host.settings import Settings
from buildlab.setup import bundle, sealed

ROOT = Path(__file__).parents[2]
NO_NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")


@pytest.fixture(scope="module")
def made(lab_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of this machine's set-up."""
    if lab_engine.kind != "embedded":
        pytest.skip("only a machine with the kit's own engine makes a bundle")
    file = tmp_path_factory.mktemp("bundle") / "bundle.tar"
    bundle.write(file)
    return file


@pytest.fixture
def elsewhere(tmp_path: Path, engine_packages: Path) -> Iterator[dict[str, str]]:
    """The environment of a machine on which nothing of the kit's was ever set up."""
    home = tmp_path / "home"
    env = {k: v for k, v in os.environ.items() if not k.startswith("BUILDLAB_")}
    # A stand-in for iproute2, which a small machine may lack.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ip").write_text(f'#!/bin/sh\nexec "{engine_packages}/bin/busybox" ip "$@"\n')
    (tools / "ip").chmod(0o755)
    yield {**env, "BUILDLAB_HOME": str(home), "PATH": f"{tools}:{env['PATH']}"}
    shared.reset(Settings(home=home))


def run(env: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a network; its output is in the failure."""
    return subprocess.run(
        [*NO_NETWORK, *argv],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def setup(env: dict[str, str], file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Set up from a bundle, without a network."""
    return run(env, sys.executable, "-m", "buildlab", "setup", "--from-bundle", str(file), *more)


def test_set_up_without_a_network(made: Path, elsewhere: dict[str, str]) -> None:
    """Engine, images and modules come from the bundle that has the digest; a cold build downloads
    its modules."""
    done = setup(elsewhere, made, "--digest", bundle.digest(made))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nobody has verified" not in done.stdout
    assert "Go modules: here" in done.stdout
    argv = ("build", "sample_go_app", "--file", "sample_go_app/Dockerfile", "--target", "modules")
    built = run(elsewhere, sys.executable, "-m", "buildlab", *argv)
    assert built.returncode == 0, built.stdout + built.stderr


def test_python_packages_are_complete(
    made: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    """pip finds every package of the lock file among the bundle's wheels, by its hash."""
    with tarfile.open(made) as tar:
        wheels = [m for m in tar if m.name.startswith("wheels/")]
        tar.extractall(tmp_path, wheels, filter="data")
    argv = (
        *("-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--no-index"),
        *("--require-hashes", "--find-links", str(tmp_path / "wheels"), "--quiet"),
        *("--requirement", bundle.LOCK),
    )
    done = run(elsewhere, sys.executable, *argv)
    assert done.returncode == 0, done.stderr


def changed(made: Path, target: Path, wanted: str, change: Callable[[bytes], bytes]) -> Path:
    """A bundle like it whose list fits, with other content in the first part that ends so."""
    files = {}
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        found = sealed.unpack(made, Path(folder))
        files = {part.path: Path(folder) / part.path for part in found.parts}
        path = next(path for path in files if path.endswith(wanted) and path.startswith("debian/"))
        content = change(files[path].read_bytes())
        files[path].unlink()  # it may have a twin
        files[path].write_bytes(content)
        sealed.write(target, found.info, files)
    return target


def plain(packed: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(packed) as unpacked:
        return unpacked.read()


@pytest.mark.parametrize(
    ("wanted", "change"),
    [
        ("_amd64.deb", lambda deb: deb[:-1] + bytes([deb[-1] ^ 1])),
        ("/Packages.zst", lambda packed: zstandard.compress(plain(packed) + b"\n")),
        ("/InRelease", lambda signed: signed.replace(b"Origin: Debian", b"Origin: debian", 1)),
        ("/InRelease", lambda signed: signed[: signed.index(b"-----BEGIN PGP SIGNATURE")]),
    ],
    ids=["package", "list", "signed text", "no signature"],
)
def test_an_engine_that_nobody_signed_is_refused(
    made: Path,
    elsewhere: dict[str, str],
    tmp_path: Path,
    wanted: str,
    change: Callable[[bytes], bytes],
) -> None:
    """Without a digest whoever changed the file may have written a list that fits: this machine's
    keys still decide what runs as root. Nothing is left."""
    file = changed(made, tmp_path / "changed.tar", wanted, change)
    done = setup(elsewhere, file)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Nobody has verified" in done.stdout and bundle.digest(file) in done.stdout
    assert "what this machine trusts" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "home").exists()
    assert bundle.digest(file) != bundle.digest(made)
    refused = setup(elsewhere, file, f"--digest={bundle.digest(made)}")
    assert refused.returncode == 2 and "another bundle" in refused.stderr


def test_a_bundle_that_can_not_be_written_leaves_nothing(made: Path, tmp_path: Path) -> None:
    """A folder that is a file is named; no part of a bundle stays behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't write"):
        bundle.write(tmp_path / "file" / "bundle.tar")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_killed_bundle_is_swept_and_the_users_files_stay(
    lab_engine: Engine, tmp_path: Path
) -> None:
    """Half a bundle has a name that the kit's list knows; one that a user gave is theirs."""
    if lab_engine.kind != "embedded":
        pytest.skip("only a machine with the kit's own engine makes a bundle")
    theirs = [tmp_path / name for name in (".b.tar.part", "b.tar", "notes")]
    for path in theirs:
        path.write_text("theirs")
    killed = (
        "import os; from pathlib import Path; from buildlab.setup import bundle\n"
        "bundle._wheels = lambda folder: folder\n"
        "bundle.ensuring.carry = lambda *_: None\n"
        "bundle.sealed.write = lambda part, *_: part.touch() or os.kill(os.getpid(), 9)\n"
        f"bundle.write(Path({str(tmp_path / 'b.tar')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", killed], timeout=60, check=False)
    assert done.returncode == -9
    assert len(list(tmp_path.iterdir())) == len(theirs) + 1
    Settings.from_env().paths.ours.sweep()
    assert sorted(tmp_path.iterdir()) == sorted(theirs)
    assert {path.read_text() for path in theirs} == {"theirs"}
