"""The engine's packages: verified, in one folder, nothing of the system touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildlab.engine.packages import able, ensuring, sources
from buildlab.engine.packages.apt import Apt
from buildlab.errors import EngineError


@pytest.fixture(scope="module")
def fetched(
    engine_packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ensuring.Packages, list[str], list[str], list[str]]:
    """Packages fetched anew, what was reported, and the system before and after."""
    said: list[str] = []
    before = _system()
    got = ensuring.ensure(tmp_path_factory.mktemp("packages") / "packages", said.append)
    return got, said, before, _system()


def _system() -> list[str]:
    """Installed packages, and the names and times of apt's lists and archives."""
    argv = ["dpkg-query", "--show"]
    installed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    files = [
        f"{path} {path.stat().st_mtime_ns}"
        for folder in ("/var/lib/apt/lists", "/var/cache/apt", "/etc/apt")
        for path in sorted(Path(folder).rglob("*"))
    ]
    return [installed, *files]


def test_system_untouched(
    fetched: tuple[ensuring.Packages, list[str], list[str], list[str]],
) -> None:
    """Fetching changes nothing of the system's packages, apt lists, archives and sources."""
    _, _, before, after = fetched
    assert before == after


def test_versions_recorded(
    fetched: tuple[ensuring.Packages, list[str], list[str], list[str]],
) -> None:
    """What was got is recorded, is new enough, and is found again without fetching."""
    got, said, _, _ = fetched
    assert ensuring.present(got.folder) == got
    assert int(got.upstream("docker.io").split(".")[0]) >= ensuring.OLDEST_DOCKER[0]
    assert got.upstream("docker-buildx") in _version(got.folder / "bin/docker-buildx", "version")
    assert said
    asked: list[str] = []
    assert ensuring.ensure(got.folder, asked.append) == got
    assert asked == []


def test_nothing_left_beside(
    fetched: tuple[ensuring.Packages, list[str], list[str], list[str]],
) -> None:
    """Only the finished folder stays: no lists, no archives, no part."""
    got, _, _, _ = fetched
    assert [p.name for p in got.folder.parent.iterdir()] == ["packages"]
    assert {p.name for p in got.folder.iterdir()} == {"root", "bin", "lib", "versions.json"}


def test_broken_folder_is_replaced(engine_packages: Path, tmp_path: Path) -> None:
    """A folder without its record counts as absent."""
    assert ensuring.present(tmp_path) is None
    (tmp_path / "versions.json").write_text('{"format": 0, "packages": {}}')
    assert ensuring.present(tmp_path) is None
    assert ensuring.present(engine_packages) is not None


def test_unsigned_source_is_refused(engine_packages: Path, tmp_path: Path) -> None:
    """A source whose signature can't be checked is refused, with apt's own words."""
    archive = tmp_path / "archive/dists/bad/main/binary-amd64"
    archive.mkdir(parents=True)
    (archive / "Packages").write_text("")
    (tmp_path / "archive/dists/bad/Release").write_text("Suite: bad\n")
    apt = Apt(tmp_path / "apt")
    apt.prepare([sources.Source(f"file:{tmp_path}/archive", ("bad",), ("main",))])
    with pytest.raises(EngineError, match="not signed"):
        apt.update()


def test_unreachable_mirror(engine_packages: Path, tmp_path: Path) -> None:
    """A mirror that doesn't answer is a named fault with a hint."""
    apt = Apt(tmp_path / "apt")
    apt.prepare([sources.Source("http://127.0.0.1:1/debian", ("stable",), ("main",))])
    with pytest.raises(EngineError, match=r"127\.0\.0\.1") as caught:
        apt.update()
    assert "apt-get update" in caught.value.hint


def test_machine_that_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where root or a tool is missing, the fault names all that is missing and what to type."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(
        able, "_TOOLS", dict.fromkeys(("apt-get", "no-such-tool", "nor-this"), "some")
    )
    with pytest.raises(EngineError, match=r"root.*missing: no-such-tool, nor-this") as caught:
        ensuring.ensure(tmp_path / "packages")
    assert "apt-get install" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def _version(program: Path, argument: str) -> str:
    return subprocess.run([program, argument], capture_output=True, text=True, check=True).stdout


def test_a_container_without_privileges_is_told_before_any_download() -> None:
    """Root that may not make namespaces is not led through a download into a failed start."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv")
    code = "from buildlab.engine.packages import able; print(*able.problems())"
    argv = ["setpriv", "--bounding-set", "-sys_admin", sys.executable, "-c", code]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "--privileged" in told


def test_missing_programs_come_with_their_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named with the packages that hold it, each once."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(able, "_path", lambda: "/nonexistent")
    assert able.problems()[-1].endswith("(apt-get install apt dpkg util-linux libc-bin)")
