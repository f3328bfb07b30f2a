"""What must hold over the files of the repository."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = ("requirements.lock", "requirements-test.lock")
GROUPS = PROJECT["dependency-groups"]
WANTED = {
    "requirements.lock": [*PROJECT["project"]["dependencies"], *GROUPS["build"]],
    "requirements-test.lock": [
        *PROJECT["project"]["dependencies"],
        *GROUPS["build"],
        *GROUPS["dev"],
    ],
}
NOT_OURS = {".git", ".venv", "test-artifacts", "node_modules", "__pycache__"}


def files() -> Iterator[Path]:
    """All files that git tracks or would; without git, all files but the ignored folders."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
        names = listed.stdout.decode().split("\0")
        paths = [ROOT / name for name in names if name]
    except (OSError, subprocess.SubprocessError):
        paths = [p for p in ROOT.rglob("*") if not NOT_OURS & set(p.relative_to(ROOT).parts)]
    yield from (path for path in paths if path.is_file() and not path.is_symlink())


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of each text file."""
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            yield path.relative_to(ROOT).as_posix(), content.decode("utf-8", "replace")


def locked(name: str) -> dict[str, Version]:
    """What a lock file pins, by package."""
    pins = re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package: Version(version) for package, version in pins}


def test_environment_yml_declares_no_package_of_its_own() -> None:
    """environment.yml is python (as in pyproject), pip and `-e .`; the packages are pyproject's."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python = f"python{PROJECT['project']['requires-python']}"
    assert environment["dependencies"] == [python, "pip", {"pip": ["-e ."]}]
    assert environment["name"] == PROJECT["project"]["name"]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_pyproject_asks_for(name: str) -> None:
    """Each requirement of pyproject is pinned to a version that it allows; ./lab lock renews."""
    pins = locked(name)
    for line in WANTED[name]:
        requirement = Requirement(line)
        package = re.sub(r"[._]+", "-", requirement.name.lower())
        assert package in pins, f"{line} is not in {name}: ./lab lock"
        assert requirement.specifier.contains(pins[package]), f"{name} has {pins[package]}: {line}"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    """Every pinned package has a hash; no index or link of the author's machine is in the file."""
    text = (ROOT / name).read_text()
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert not re.search(r"://|--(?:extra-)?index|--find-links", text)


def test_the_test_lock_holds_the_other_one() -> None:
    """Both locks pin the same versions, so that `./lab test` and `./lab start` share a .venv."""
    start, test = (locked(name) for name in LOCKS)
    assert start.items() <= test.items()


def test_scripts_run() -> None:
    """The scripts that people type are executable, with line ends that a shell can read."""
    for name in ("lab", ".ci/run"):
        path = ROOT / name
        assert path.stat().st_mode & 0o111, f"chmod +x {name}"
        assert b"\r" not in path.read_bytes(), name


def test_hosted_machines_run_what_people_type() -> None:
    """The workflow and .ci/run run `./lab test`; the development container runs `./lab setup`."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))
    steps = workflow["jobs"]["lab-test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["./lab test"]
    assert "\n./lab test" in (ROOT / ".ci/run").read_text("utf-8")
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert container["postCreateCommand"] == "./lab setup"
    assert any("docker-in-docker" in feature for feature in container["features"])


def test_no_folder_without_a_subject() -> None:
    """No utils, scripts, helpers or tools: a folder is named after what is in it."""
    named = {part for path in files() for part in path.relative_to(ROOT).parts}
    empty = {"utils", "scripts", "helpers", "tools", "utils.py", "helpers.py", "misc.py"}
    assert not named & empty


FORBIDDEN = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/=]{40}"),
    "a token": re.compile(r"\b(?:ghp_[A-Za-z0-9]{36}|AKIA[A-Z0-9]{16}|xox[bp]-[0-9]{8,})\b"),
    "a home directory": re.compile(r"(?<![\w.])/(?:Users|home)/(?!nonroot|you|app|user)[a-z]\w+/"),
    "a conflict": re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_of_the_author_is_in_a_file(what: str) -> None:
    """No text file holds a key, a token, somebody's home directory or a merge conflict."""
    for name, text in texts():
        found = FORBIDDEN[what].search(text)
        assert not found, f"{name} holds {what}: {found.group()[:60]!r}" if found else ""


def test_glossary_word_for_invalidate() -> None:
    """We write `invalidate`; the other word appears in quotes only."""
    other = re.compile(r"(?<![\"'“‘`\w-])(?:cache[- ])?bust(?:s|ed|ing|er)?\b", re.IGNORECASE)
    for name, text in texts():
        if name.endswith((".md", ".ipynb")):
            found = other.search(text)
            assert not found, f"{name}: {found.group()!r}" if found else ""


_UNQUOTED = re.compile(
    r"\b(?:ls(?: -\w+)?|(?<!buildx )rm(?: -\w+)?|rmdir|cat|cd|mv|umount"
    r"|chmod \S+|chown \S+|mkdir(?: -p)?|--save|--file|--from-bundle|buildlab show|buildlab -f)"
    r" \{(?!quoted\(|shlex\.)"
)


def test_a_path_in_a_command_to_type_is_one_word() -> None:
    """A hint such as `rm -r PATH` is pasted: a space in the path must not make it two."""
    assert _UNQUOTED.search("look: ls {path}")
    assert not _UNQUOTED.search("look: ls {quoted(path)}")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "src/buildlab").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if _UNQUOTED.search(line) and 'f"' in line
    ]
    assert not found
