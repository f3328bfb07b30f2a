"""The command line of a build, and what is found to be wrong before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildlab.builds.asked.command import compose, tag
from buildlab.builds.asked.preparing import title_of
from buildlab.builds.asked.source import locate
from buildlab.builds.trouble import bases
from buildlab.dockerfile.needs import Need
from buildlab.engine.images.model import GOLANG
from buildlab.engine.model import Engine
from buildlab.errors import UsageError
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.flags import given, values


def engine(**changes: object) -> Engine:
    base: dict[str, object] = {
        "kind": "docker",
        "info": EngineInfo("docker"),
        "cli": ("docker",),
        "buildx": ("docker", "buildx"),
        "env": dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")),
        "builder": "lab",
        "session": "s1",
    }
    return Engine(**{**base, **changes})  # type: ignore[arg-type]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "an app ü"
    (folder / "docker").mkdir(parents=True)
    (folder / "Dockerfile").write_text("ARG GOPROXY\nFROM golang:1\n")
    (folder / "docker" / "other.Dockerfile").write_text("FROM debian:1\n")
    return folder


def shown(context: Path, *flags: str, engine: Engine, output: str = "image") -> tuple[str, ...]:
    return compose(
        engine,
        locate(context, flags),
        run_context="/link",
        title="A title",
        cache_ns=None,
        output=output,  # type: ignore[arg-type]
        metadata_file=Path("/m.json"),
    ).shown


@pytest.mark.parametrize(
    "flags", [("--file", "x"), ("--file=x",), ("-f", "x"), ("-f=x",), ("-fx",)]
)
def test_flag_values_in_all_spellings(flags: tuple[str, ...]) -> None:
    """A flag's value is found however docker lets it be written."""
    assert values(flags, "--file") == ("x",)
    assert given(flags, "--file")
    assert not given(flags, "--output", "--tag")


def test_shown_command_can_be_pasted(context: Path) -> None:
    """What is shown has the real context, the user's flags, and none of the kit's plumbing."""
    command = shown(context, "--target", "b", engine=engine())
    assert command[:4] == ("docker", "buildx", "build", "--progress=plain")
    assert command[-1] == str(context)
    assert command[-3:-1] == ("--target", "b")
    assert command[4:6] == ("--builder", "lab")
    assert not any("metadata" in word or "rawjson" in word for word in command)
    assert "BUILDKIT_CACHE_MOUNT_NS=buildlab" in command


def test_image_output_is_tagged_and_labelled(context: Path) -> None:
    """An image of the kit's can be found again by name and label, and belongs to one session."""
    command = shown(context, engine=engine())
    assert "buildlab.local/a-title:s1" in command
    assert "dev.buildlab.session=s1" in command


@pytest.mark.parametrize("flag", ["--push", "--load", "--output=type=tar,dest=x", "-o=out"])
def test_output_flag_of_the_user_wins(context: Path, flag: str) -> None:
    """A build has one output: the one that was asked for."""
    assert not any(w.startswith("buildlab.local/") for w in shown(context, flag, engine=engine()))


@pytest.mark.parametrize("title", ["", "Ünïcode, spaces", "x" * 300, "--", "a__b"])
def test_any_title_gives_a_valid_tag(title: str) -> None:
    """Titles are for people, so they hold what no tag may."""
    name = tag(title, "s1").removeprefix("buildlab.local/").removesuffix(":s1")
    assert name
    assert len(name) <= 60
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name.strip("-") == name


def test_proxy_arguments_hold_no_value(context: Path) -> None:
    """A proxy's password is in no command line: docker takes the value from the environment."""
    proxied = engine(
        env={"HTTPS_PROXY": "http://u:secret@proxy:3128", "GOPROXY": "https://goproxy"}
    )
    command = shown(context, engine=proxied)
    assert "HTTPS_PROXY" in command
    assert "GOPROXY" in command
    assert not any("secret" in word for word in command)


def test_go_settings_need_an_argument_of_the_dockerfile(context: Path) -> None:
    """An ARG that isn't there would be a warning of a build that is fine."""
    proxied = engine(env={"GOPROXY": "https://goproxy"})
    command = shown(context, "--file", "docker/other.Dockerfile", engine=proxied)
    assert "GOPROXY" not in command


def test_loopback_proxy_is_not_passed_into_a_namespace(context: Path) -> None:
    """Nothing listens on the loopback of an engine that has a network of its own."""
    proxied = engine(env={"HTTP_PROXY": "http://127.0.0.1:3128"}, netns_pid=1)
    assert "HTTP_PROXY" not in shown(context, engine=proxied)


def test_named_contexts_only_for_images_that_are_named(context: Path) -> None:
    """The command stays short: only base images of this Dockerfile are offered."""
    offers = engine(build_contexts={"golang:1": "oci-layout:///a", "debian:1": "oci-layout:///b"})
    command = shown(context, engine=offers)
    assert "golang:1=oci-layout:///a" in command
    assert "debian:1=oci-layout:///b" not in command


def test_dockerfile_is_looked_for_in_the_context(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A --file that isn't found from here is one of the context's."""
    monkeypatch.chdir(context.parent)
    source = locate("an app ü", ("-f", "docker/other.Dockerfile"))
    assert source.flags == ("-f", "an app ü/docker/other.Dockerfile")
    assert source.dockerfile_shown == "docker/other.Dockerfile"
    assert source.shown == "an app ü"
    source = locate("an app ü", ("-fdocker/other.Dockerfile",))
    assert source.flags == ("--file=an app ü/docker/other.Dockerfile",)


@pytest.mark.parametrize(
    ("where", "flags", "message"),
    [
        ("gone", (), "no folder .*gone"),
        ("an app ü/Dockerfile", (), "is a file, not a folder"),
        ("an app ü", ("--file", "Nope"), "no Nope here"),
        ("an app ü/docker", (), "no Dockerfile in .*docker"),
        ("an app ü", ("--file", "docker"), "is a folder"),
        ("-", (), "standard input"),
        ("an app ü", ("-f", "-"), "standard input"),
        ("an app ü", ("--progress=plain",), "doesn't take --progress"),
        ("an app ü", ("--check",), "--check is no build"),
        ("", (), "empty word"),
    ],
)
def test_what_can_not_work_is_named(
    context: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    flags: tuple[str, ...],
    message: str,
) -> None:
    """A wrong call is told before anything runs, with what to type next."""
    monkeypatch.chdir(context.parent)
    with pytest.raises(UsageError, match=message) as caught:
        locate(where, flags)
    assert caught.value.hint


def test_missing_dockerfile_hint_names_one_that_is_there(context: Path) -> None:
    """The hint is a flag that would work."""
    with pytest.raises(UsageError) as caught:
        locate(context / "docker", ())
    assert caught.value.hint == "name it: --file other.Dockerfile"


def test_a_home_folder_is_found_in_a_cell_too(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~/my-service` means the user's folder without a shell to say so."""
    monkeypatch.setenv("HOME", str(context.parent))
    assert locate(f"~/{context.name}", ()).folder == context


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("http://host.example.test/served/.git", "served"),
        ("https://host.example.test/o/repo.git#main:sub", "repo"),
        ("git@host.example.test:o/app.git", "app"),
        ("git@host.example.test:app.git#main:sub", "app"),
    ],
)
def test_a_repository_gives_its_name(address: str, title: str) -> None:
    """Not the ending that its address has."""
    assert title_of(address, ()) == title


def test_no_image_is_told_as_its_own_equivalent(context: Path) -> None:
    """Where one of the kit's own images is gone, what makes it anew is named."""
    lab = engine(kind="embedded")
    told = {
        image: "\n".join(bases._to_type([Need(image, (1,))], lab, locate(context, ())))
        for image in (GOLANG, "golang:1.25-alpine")
    }
    assert "buildlab images" in told[GOLANG]
    assert f"{GOLANG}=docker-image://IMAGE" in told[GOLANG]
    assert f"golang:1.25-alpine=docker-image://{GOLANG}" in told["golang:1.25-alpine"]
    assert "buildlab images" not in told["golang:1.25-alpine"]
