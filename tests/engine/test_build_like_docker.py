"""`buildlab build` beside `docker buildx build`: the same words do the same."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from buildlab.builds.asked.calls import flags_of
from buildlab.cli import main
from buildlab.engine.model import Engine
from buildlab.record import store
from buildlab.record.flags import SHORT, TABLE, of_help, short_of_help
from tests.engine.contexts import Context, context

__all__ = ["context"]

Typed = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def here(context: Context, monkeypatch: pytest.MonkeyPatch, lab_engine: Engine) -> Path:
    """A folder above a context `app` that builds in a moment: two stages, nothing to run."""
    app = context.path / "app"
    app.mkdir()
    (app / "Dockerfile").write_text(
        f"FROM scratch AS one\nLABEL salt={context.salt}\nCOPY Dockerfile /\n"
        "FROM scratch AS two\nARG WHAT=nothing\nCOPY Dockerfile /again\nLABEL what=$WHAT\n"
    )
    monkeypatch.chdir(context.path)
    return context.path


@pytest.fixture
def typed(capfdbinary: pytest.CaptureFixture[bytes]) -> Typed:
    """What a command line does: exit code, bytes on stdout, text on stderr."""

    def run(*words: str) -> tuple[int, bytes, str]:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfdbinary.readouterr()
        return int(ended.value.code or 0), out, err.decode()

    return run


@pytest.fixture
def given_on_stdin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[bytes], None]]:
    """Puts bytes on this process's standard input, as `< FILE` does."""
    kept = os.dup(0)

    def give(data: bytes) -> None:
        file = tmp_path / "stdin"
        file.write_bytes(data)
        handle = os.open(file, os.O_RDONLY)
        os.dup2(handle, 0)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(os.fdopen(handle, "rb")))

    yield give
    os.dup2(kept, 0)
    os.close(kept)


def docker(engine: Engine, *words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """`docker buildx` itself, on the same engine."""
    return subprocess.run(
        [*engine.buildx, *words], env=engine.child_env(), cwd=cwd, capture_output=True, check=False
    )


def image(engine: Engine, name: str) -> dict[str, object]:
    """What decides how an image runs and what it is called."""
    found = engine.client().images.get(name).attrs
    return {"config": found["Config"], "layers": found["RootFS"], "tags": found["RepoTags"]}


# --- which words are flags ------------------------------------------------------------------------


def test_the_table_of_flags_is_docker_s(lab_engine: Engine) -> None:
    """Each flag of this engine's buildx is known, with whether a value follows, and its letter."""
    told = flags_of(lab_engine)
    assert len(told) > 30
    assert {name: TABLE.get(name) for name in told} == told
    said = docker(lab_engine, "build", "--help", cwd=Path.cwd()).stdout.decode()
    assert of_help(said) == told
    letters = short_of_help(said)
    assert letters == {letter: SHORT.get(letter) for letter in letters}


def test_hidden_flags_of_the_table_are_docker_s(lab_engine: Engine) -> None:
    """What its help keeps to itself is in the table as docker reads it."""
    hidden = {*TABLE} - {*flags_of(lab_engine)} - {"--help"}
    assert hidden
    for name in hidden:
        said = docker(lab_engine, "build", name, cwd=Path.cwd()).stderr.decode()
        wanted = "flag needs an argument" if TABLE[name] else "requires 1 argument"
        assert wanted in said, name


@pytest.mark.parametrize(
    "words",
    [
        ("app", "--target", "one", "--label", "a=b"),
        ("--target", "one", "app", "--label", "a=b"),
        ("--target=one", "--label", "a=b", "app"),
        ("--label=a=b", "--pull=false", "--target", "one", "--", "app"),
        ("--label", "a=b", "--target", "one", "-f", "app/Dockerfile", "--no-cache=false", "app"),
    ],
    ids=" ".join,
)
def test_flags_and_context_in_any_order(here: Path, typed: Typed, words: tuple[str, ...]) -> None:
    """Wherever the context stands among the flags, the same stage is built."""
    code, _, err = typed("build", "--save", "r.json", "--output=type=cacheonly", *words)
    assert code == 0, err
    record = store.load("r.json")
    assert {s.stage for s in record.steps} == {"one"}
    assert record.context == "app"


def test_values_that_look_like_options_of_ours(here: Path, typed: Typed) -> None:
    """The word after a docker flag with a value is its value, whatever it looks like."""
    flags = ("--build-arg", "WHAT=--json", "--label", "--debug", "--label", "--title=x")
    code, _, err = typed("build", "app", *flags, "-t", "like/values:1", "--save", "r.json")
    assert code == 0, err
    assert store.load("r.json").title == "app"


# --- images ---------------------------------------------------------------------------------------


def test_a_tagged_image_is_as_docker_makes_it(here: Path, typed: Typed, lab_engine: Engine) -> None:
    """Where the user names the image, it has their names and labels only: the same config."""
    flags = ("--label", "mine=1", "-t", "like/mine:1", "-t", "like/mine:2")
    assert typed("build", "app", *flags)[0] == 0
    ours = image(lab_engine, "like/mine:1")
    lab_engine.client().images.remove("like/mine:1")
    lab_engine.client().images.remove("like/mine:2")
    assert docker(lab_engine, "build", "app", *flags, cwd=here).returncode == 0
    theirs = image(lab_engine, "like/mine:1")
    assert ours == theirs
    assert ours["tags"] == ["like/mine:1", "like/mine:2"]
    assert ours["config"]["Labels"]["mine"] == "1"  # type: ignore[index]


def test_quiet_prints_the_id_only(here: Path, typed: Typed, lab_engine: Engine) -> None:
    """`-q` and --progress=quiet: the id on stdout, as --iidfile has it, and nothing on stderr."""
    for words in (("-q",), ("--progress=quiet",), ("--quiet", "--progress", "auto")):
        code, out, err = typed("build", "app", *words, "--iidfile", "iid")
        assert (code, err) == (0, "")
        assert out.decode().strip() == Path("iid").read_text()
        labels = image(lab_engine, out.decode().strip())["config"]["Labels"]  # type: ignore[index]
        assert "dev.buildlab" not in labels


def test_quiet_says_why_a_build_failed(here: Path, typed: Typed) -> None:
    """Nothing on stdout, the reason on stderr, and the code of a failed build."""
    (here / "app/Bad").write_text("FROM scratch\nCOPY missing /\n")
    code, out, err = typed("build", "-q", "-f", "app/Bad", "app")
    assert (code, out) == (4, b"")
    assert "missing" in err


def test_nothing_is_lost_without_a_word(here: Path, typed: Typed) -> None:
    """What docker warns of in its log, and what it passes over: both are told."""
    words = ("--squash", "--no-cache-filter=three", "--secret=id=t,env=NOT_SET")
    code, out, _ = typed("build", *words, "app")
    assert code == 0
    told = out.decode()
    assert "Warning: docker: experimental flag squash is removed" in told
    assert "no stage is called three, so nothing was built anew for it; there are: one, two" in told
    assert "is empty: t (the variable NOT_SET)" in told


def test_a_secret_may_come_through_a_pipe(here: Path, typed: Typed) -> None:
    """As a shell makes one of `src=<(command)`: the client has it, and nobody reads it before."""
    read_end, write_end = os.pipe()
    os.write(write_end, b"from a pipe")
    os.close(write_end)
    try:
        code, _, err = typed("build", "--secret", f"id=t,src=/dev/fd/{read_end}", "app")
    finally:
        os.close(read_end)
    assert (code, "Error" in err) == (0, False)


@pytest.mark.parametrize(
    ("instruction", "flags", "message"),
    [
        (b"RUN caf\xe9", (), "line 2 of app/Bad is not UTF-8"),
        (b"LABEL a=b", ("--target", "three"), "then one of 0"),
        (b"RUN --network=host true", (), "buildlab build --allow network.host -f app/Bad app"),
    ],
    ids=["Latin-1", "target", "entitlement"],
)
def test_a_refusal_says_what_to_type(
    here: Path, typed: Typed, instruction: bytes, flags: tuple[str, ...], message: str
) -> None:
    """Where the words of the command, or one line of the file, are all that is wrong."""
    (here / "app/Bad").write_bytes(b"FROM scratch\n" + instruction + b"\n")
    code, _, err = typed("build", "-f", "app/Bad", *flags, "app")
    assert code in (2, 4)
    assert message in err
    assert "  → " in err


@pytest.mark.parametrize("mode", ["", "max", "disabled"])
def test_the_metadata_file_is_docker_s(
    here: Path, typed: Typed, lab_engine: Engine, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """It lies where it was asked for and says what docker would have said."""
    monkeypatch.setenv("BUILDX_METADATA_PROVENANCE", mode)
    flags = ("-t", "like/meta:1", "--build-arg", "WHAT=a <b> & ü")
    code, _, err = typed("build", "app", *flags, "--metadata-file", "ours.json")
    assert code == 0, err
    done = docker(lab_engine, "build", "app", *flags, "--metadata-file", "docker.json", cwd=here)
    assert done.returncode == 0, done.stderr
    ours, theirs = (json.loads(Path(name).read_text()) for name in ("ours.json", "docker.json"))

    def lasting(data: dict[str, object]) -> object:
        """All but what differs between any two builds."""
        provenance = data.get("buildx.build.provenance")
        if isinstance(provenance, dict):
            kept = {k: v for k, v in provenance.items() if k not in ("buildConfig", "metadata")}
            data = {**data, "buildx.build.provenance": [kept, sorted(provenance)]}
        changing = ("buildx.build.ref", "containerimage.digest", "containerimage.descriptor")
        return {k: v if k not in changing else "" for k, v in data.items()}

    if mode == "max":  # there the namespace of the cache mounts is part of each step, too
        assert ours["buildx.build.provenance"]["buildConfig"]
        assert sorted(ours) == sorted(theirs)
    else:
        assert lasting(ours) == lasting(theirs)


# --- standard input and output --------------------------------------------------------------------


@pytest.mark.parametrize(
    "output", ["-", "type=tar,dest=-", "type=oci,dest=-", '"type=tar","dest=-"']
)
def test_a_result_on_stdout_is_whole(here: Path, typed: Typed, output: str) -> None:
    """The archive, and nothing of ours; what we have to say goes to stderr."""
    code, out, err = typed("build", "app", "--target=one", "-o", output)
    assert code == 0, err
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        names = archive.getnames()
    assert "index.json" in names if "oci" in output else "Dockerfile" in names
    assert "COPY Dockerfile /" in err
    assert "Saved: " in err


def test_json_and_a_result_both_want_stdout(here: Path, typed: Typed) -> None:
    """Refused before anything is built, with what to type."""
    for words in (("-o", "-"), ("-q",)):
        code, out, err = typed("build", "app", *words, "--json")
        assert code == 2
        assert json.loads(out)["error"]["hint"] == "for the record: --save FILE"
        assert "standard output" in err


def test_a_dockerfile_on_stdin(
    here: Path, typed: Typed, given_on_stdin: Callable[[bytes], None]
) -> None:
    """`-f -`: a Dockerfile from a pipe, with the context's files; its secrets are masked."""
    given_on_stdin(
        b"FROM scratch\nARG API_TOKEN=hidden-value\nCOPY Dockerfile /piped-hidden-value\n"
    )
    code, out, err = typed("build", "-f", "-", "app", "-o", "type=cacheonly", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert record["steps"][0]["instruction"].startswith("COPY Dockerfile /piped")
    assert b"hidden-value" not in out


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_context_on_stdin(
    here: Path, typed: Typed, given_on_stdin: Callable[[bytes], None], mode: str
) -> None:
    """`-`: an archive, compressed or not, is the context."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        archive.format = tarfile.GNU_FORMAT  # docker doesn't know the other one for an archive
        archive.add("app/Dockerfile", "./sub/Dockerfile")
        archive.add("app/Dockerfile", "./Dockerfile")
    given_on_stdin(packed.getvalue())
    words = ("-f", "sub/Dockerfile", "--target", "one", "-o", "type=cacheonly", "--save", "r.json")
    code, _, err = typed("build", "-", *words)
    assert code == 0, err
    assert store.load("r.json").context == "-"


def test_a_dockerfile_as_the_context_on_stdin(
    here: Path, typed: Typed, given_on_stdin: Callable[[bytes], None]
) -> None:
    """`-` with a Dockerfile: a build without a context, as docker does."""
    given_on_stdin(b"FROM scratch\nWORKDIR /made\n")
    code, out, err = typed("build", "-", "-o", "-")
    assert code == 0, err
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        assert "made" in archive.getnames()


def test_nothing_on_stdin_is_said(
    here: Path, typed: Typed, given_on_stdin: Callable[[bytes], None]
) -> None:
    """An empty standard input is an error that says what to type."""
    given_on_stdin(b"")
    code, _, err = typed("build", "-")
    assert code == 2
    assert "nothing came on standard input" in err


# --- what is no build, and how a build is shown ---------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("--check",),
        ("--call", "check"),
        ("--call=lint",),
        ("--call=outline",),
        ("--call=targets,format=json",),
        ("--call=outline,format=json", "--target", "two"),
    ],
    ids=" ".join,
)
def test_calls_are_docker_s_own(
    here: Path, typed: Typed, lab_engine: Engine, words: tuple[str, ...]
) -> None:
    """Output and exit code of docker, for files that pass and files that don't."""
    (here / "app/Poor").write_text("from scratch\nCOPY Dockerfile /\nARG A_TOKEN\n")
    for file in ("app/Dockerfile", "app/Poor"):
        if file == "app/Poor" and "two" in words:
            continue
        flags = (*words, "-f", file)
        code, out, _ = typed("build", "app", *flags)
        done = docker(lab_engine, "build", "app", *flags, cwd=here)
        assert (code, out) == (done.returncode, done.stdout)


def test_a_call_has_no_record(here: Path, typed: Typed) -> None:
    """--save and --json with a check are refused, not forgotten."""
    for ours in (("--save", "r.json"), ("--json",)):
        code, _, err = typed("build", "--check", "app", *ours)
        assert code == 2
        assert ours[0] in err
    assert not Path("r.json").exists()


def test_plain_progress_is_the_log(here: Path, typed: Typed, lab_engine: Engine) -> None:
    """--progress=plain and docker's own variable for it: headings, output and ends of all steps."""
    flags = ("app", "--target=one", "--output=type=cacheonly")
    said = docker(lab_engine, "build", "--progress=plain", *flags, cwd=here).stderr.decode()
    code, _, err = typed("build", "--progress=plain", *flags)
    assert code == 0

    def headings(text: str) -> set[str]:
        lines = (line.partition(" ")[2] for line in text.splitlines() if line.startswith("#"))
        return {line for line in lines if line.startswith("[")}

    assert headings(err) == headings(said)
    assert " CACHED" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("app", "-t"), "-t needs a value"),
        (("app", "--target"), "--target needs a value"),
        (("app", "other"), "2 are named: app, other"),
        (("--pull",), "no CONTEXT is named"),
        (("app", "--bogus", "value"), "unknown flag: --bogus"),
        (("app", "-Z"), "unknown shorthand flag: 'Z'"),
        (("app", "--progress=fancy"), "invalid progress mode fancy"),
        (("app", "--progress=rawjson"), "docker buildx build --progress=rawjson"),
        (("app", "-q", "--progress=plain"), "cannot be used together"),
        (("app", "--metadata-file", "none/m.json"), "there is no folder"),
        (("app", "--metadata-file", "app"), "is a folder"),
        (("app", "--save", "none/r.json"), "mkdir -p"),
        (("app", "--save", "app/Dockerfile"), "is no record"),
        (("app", "--save", "/dev/null"), "is no regular file"),
        (("app", "--save", "/proc/r.json"), "can't write"),
        (("app", "--save="), "names no file"),
        (("-f", "docker-bake.hcl", "app"), "docker buildx bake -f docker-bake.hcl"),
        (("-f", "compose.yaml", "app"), "docker buildx bake -f compose.yaml"),
        (("-f", "pipe", "app"), "build -f - "),
        (("-f", "/dev/stdin", "app"), "build -f - "),
        (("-f", "/dev/zero", "app"), "a device"),
        (("-f", "huge", "app"), "no Dockerfile"),
        (("-f", "utf16", "app"), "iconv -f UTF-16 -t UTF-8 utf16 > utf16.utf8"),
        (("-f", "/none/x", "app"), "there is no /none/x\n"),
        (("-f", "app/none", "app"), "there is no none in "),
        (("pipe",), "is a named pipe"),
        (("app.tar",), "build - < app.tar"),
        (("app/Dockerfile",), "build -f app/Dockerfile app"),
        (("broken",), "a link to nowhere"),
        (("",), "an empty word"),
        (("app", "--secret", "id=t,src=none"), "where a path in a flag begins"),
        (("app", "--secret=id=none:a:"), "the secret none:a:: there is no none:a: in "),
        (("app", "--secret", "id=t,src=~/none"), "--secret id=t,src=$HOME/none"),
        (("app", "--ssh", "k=none"), "--ssh k=PATH"),
        (("app", "--iidfile", "none/i"), "mkdir -p "),
        (("app", "--ssh", "default"), "ssh-add"),
        (("app", "--build-context", "lib=none"), "the named context lib: there is no none in "),
        (("app", "--build-context", "lib=oci-layout://none:1"), "there is no none in "),
        (("app", "--build-context", "lib=target:one"), "COPY --from=one"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_said_at_once(
    here: Path,
    typed: Typed,
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error of the user's, with what to type, before anything is built."""
    (here / "docker-bake.hcl").write_text('target "app" {\n  context = "app"\n}\n')
    (here / "compose.yaml").write_text("services:\n  app:\n    build: app\n")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (here / "utf16").write_text("FROM scratch\n", "utf-16")
    os.mkfifo(here / "pipe")
    (here / "broken").symlink_to("nowhere")
    with (here / "huge").open("wb") as file:
        file.truncate(1 << 34)
    with tarfile.open(here / "app.tar", "w") as archive:
        archive.add("app")
    code, out, err = typed("build", *words)
    assert (code, out) == (2, b"")
    assert message in err
    assert "\n  → " in err


def test_bake_says_what_to_type(typed: Typed) -> None:
    """`buildlab bake` with its words: the command with which docker does it here."""
    code, _, err = typed("bake", "-f", "docker-bake.hcl", "app", "--help")
    assert code == 2
    assert "docker buildx bake -f docker-bake.hcl app --help" in err
