"""The doctor: real acts on a real engine, a remedy for each fault, and nothing that hangs it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.services import registry
from buildlab.setup import doctor
from buildlab.setup.doctor import acts, machine
from buildlab.setup.doctor.model import Bench, Fault, Outcome, Report, Result, Skip, warning, well


@pytest.fixture
def bench(lab_engine: Engine, tmp_path: Path) -> Bench:
    """What a check gets, on this machine's engine."""
    return Bench(tmp_path, lab_engine)


def doctor_command(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`buildlab … doctor …` as typed."""
    from buildlab.host.settings import tool_env

    return subprocess.run(
        [sys.executable, "-m", "buildlab", *arguments], env=tool_env(**env),
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def test_everything_works_on_this_machine(lab_engine: Engine) -> None:
    """Every act of the course succeeds here, and `--json` and the exit code say so."""
    done = doctor_command("doctor", "--json")
    report = json.loads(done.stdout)
    faults = [f for f in report["findings"] if f["result"] == "fault"]
    assert not faults
    assert report["ok"]
    assert done.returncode == 0
    acts_done = {f["check"]: f["result"] for f in report["findings"]}
    for act in ("two steps", "compile and run", "cache mount", "secret", "registry cache"):
        assert acts_done[act] == "ok", act


def test_without_an_engine_the_rest_is_still_checked(tmp_path: Path) -> None:
    """A Docker that is down is one fault with a remedy; builds are skipped; exit code 1."""
    done = doctor_command(
        *("--engine", "docker", "doctor", "--json"),
        DOCKER_HOST=f"unix://{tmp_path}/gone.sock",
        BUILDLAB_HOME=str(tmp_path / "lab"),
    )
    rows = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert rows["engine"]["result"] == "fault"
    assert "DOCKER_HOST" in rows["engine"]["remedy"]
    assert rows["two steps"]["result"] == "skipped"
    assert rows["free disk"]["result"] in {"ok", "warning", "fault"}


def test_a_check_that_hangs_costs_its_own_row_only(lab_engine: Engine) -> None:
    """It is named with its time limit, and the next check runs."""
    forever = threading.Event()

    def hangs(bench: Bench) -> Outcome:
        forever.wait(60)
        return well("")

    began = time.monotonic()
    report = doctor.examine(
        lab_engine, checks=(("hangs", hangs, 0.2), ("after it", lambda b: well("fine"), 5))
    )
    forever.set()
    assert time.monotonic() - began < 5
    assert [f.result for f in report.findings] == [Result.FAULT, Result.OK]
    assert "did not end within" in report.findings[0].detail
    assert report.findings[0].remedy


def test_a_check_that_breaks_costs_its_own_row_only(lab_engine: Engine) -> None:
    """Faults of ours, expected faults and skipped checks become rows."""

    def breaks(bench: Bench) -> Outcome:
        raise KeyError("x")

    def faulty(bench: Bench) -> Outcome:
        raise Fault("broken", "mend it")

    def skipped(bench: Bench) -> Outcome:
        raise Skip("not here")

    report = doctor.examine(
        lab_engine, checks=[(f.__name__, f, 5) for f in (breaks, faulty, skipped)]
    )
    assert [f.result for f in report.findings] == [Result.FAULT, Result.FAULT, Result.SKIPPED]
    assert report.findings[1].remedy == "mend it"
    assert not report.ok
    assert report.summary == "2 faults, 1 skipped."


def test_ctrl_c_in_a_check_is_a_row(lab_engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    """A terminal's Ctrl-C meets a check's own build too: no traceback of its thread, no wait."""

    def interrupted(bench: Bench) -> Outcome:
        raise KeyboardInterrupt

    report = doctor.examine(lab_engine, checks=[("slow", interrupted, 60)])
    assert report.findings[0].detail == "it was interrupted"
    assert report.findings[0].duration_s < 5
    assert capfd.readouterr().err == ""


def test_a_module_proxy_out_of_reach_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a GOPROXY where nothing listens, the build's check fails and says what to set."""
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    with pytest.raises(Fault, match="could not be downloaded") as caught:
        acts.module_proxy(bench)
    assert "GOPROXY" in caught.value.hint
    result, _, remedy = acts.host_module_proxy(bench)
    assert result is Result.WARNING
    assert "GOPROXY" in remedy


@pytest.mark.parametrize("value", [None, "", "direct", "off"])
def test_without_a_goproxy_the_host_asks_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """Go's default is Go's to use, from inside a build: the row is skipped and says so."""
    monkeypatch.delenv("GOPROXY", raising=False)
    if value is not None:
        monkeypatch.setenv("GOPROXY", value)
    with pytest.raises(Skip, match="GOPROXY"):
        acts.host_module_proxy(bench)


def test_a_registry_that_cannot_start_is_a_row(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the registry's own code raises reaches the table, with its hint."""

    def refuse(engine: Engine) -> None:
        raise EngineError("no registry", "get one")

    monkeypatch.setattr(registry, "registry", refuse)
    (row,) = doctor.findings(bench.engine, checks=(("cache", acts.registry_cache, 60),))
    assert (row.result, row.detail, row.remedy) == (Result.FAULT, "no registry", "get one")


def test_a_bare_buildkit_is_not_asked_to_run_images(bench: Bench) -> None:
    """Without a docker API the program is built, and running it is skipped."""
    assert bench.engine
    bench.engine = replace(bench.engine, socket=None)
    with pytest.raises(Skip, match="bare BuildKit"):
        acts.compile_and_run(bench)


def test_passwords_are_shown_nowhere(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and Go settings are listed without user names and passwords."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://jo:hunter2@127.0.0.1:9")
    monkeypatch.setenv("GOPROXY", "https://jo:hunter2@goproxy.example/x,direct")
    report = doctor.examine(
        bench.engine,
        checks=(
            ("proxies", machine.proxies, 20),
            ("from here", acts.host_module_proxy, 40),
            ("in a build", acts.module_proxy, 60),
        ),
    )
    text = json.dumps(report.to_dict())
    assert "127.0.0.1:9" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "url",
    [
        "http://jo:hunter2@proxy:3128",
        "https://hunter2@goproxy.example,direct",
        "jo:hunter2@proxy:3128",
        "https://a:b@one|https://c:hunter2@two",
    ],
)
def test_a_password_is_hidden_in_every_row(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Each form in which programs accept a proxy loses its credentials, whoever quotes it."""
    monkeypatch.setenv("HTTPS_PROXY", url)

    def quotes(bench: Bench) -> Outcome:
        return warning(f"{url} said: who is hunter2?", f"unset {url}")

    (row,) = doctor.findings(bench.engine, checks=(("quotes", quotes, 5),))
    assert "hunter2" not in row.detail + row.remedy


def test_a_proxy_in_one_spelling_is_a_warning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY without https_proxy is warned about: programs read one or the other."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    result, _, remedy = machine.proxies(bench)
    assert result is Result.WARNING
    assert "https_proxy" in remedy


def test_what_changes_files_silently_is_warned_about(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """autocrlf, a tight umask and an odd folder are named, each with a remedy."""
    config = tmp_path / "gitconfig"
    config.write_text("[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    odd = tmp_path / "my, lab"
    odd.mkdir()
    monkeypatch.chdir(odd)
    monkeypatch.setattr(machine, "_umask", lambda: 0o077)
    result, detail, remedy = machine.files(bench)
    assert result is Result.WARNING
    for said in ("autocrlf", "umask 077", "my, lab"):
        assert said in detail
    for told in ("core.autocrlf input", "umask 022", "plain"):
        assert told in remedy


@pytest.mark.parametrize(
    "name", ["a b", "a,b", "a'b", "a$b", "x" * 200, b"\xff".decode(errors="surrogateescape")]
)
def test_odd_paths_are_recognised(name: str) -> None:
    """Names that commands, flags or BuildKit stumble over."""
    assert machine.odd_path(Path("/home", name))


def test_plain_paths_are_not(tmp_path: Path) -> None:
    """Letters, digits, dots, dashes and umlauts are fine."""
    assert not machine.odd_path(Path("/home/jo-1/lab_2.0/größe"))


def test_little_disk_is_a_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below what the course needs it is a fault, below what it wants a warning; both say how
    much there is and where."""
    monkeypatch.setattr(machine, "DISK_NEEDED_BYTES", 10**18)
    with pytest.raises(Fault, match="GB free") as caught:
        machine.disk(bench)
    assert "BUILDLAB_HOME" in caught.value.hint
    monkeypatch.setattr(machine, "DISK_NEEDED_BYTES", 0)
    monkeypatch.setattr(machine, "DISK_WANTED_BYTES", 10**18)
    assert machine.disk(bench)[0] is Result.WARNING


def test_listeners_are_on_loopback_only(bench: Bench) -> None:
    """While engine and registry run, nothing of ours listens beyond this machine; a negative
    control shows that the check would see it."""
    assert bench.engine
    with registry.registry(bench.engine):
        assert machine.exposed() == ()


def test_a_wide_listener_is_seen(bench: Bench, engine_packages: Path, tmp_path: Path) -> None:
    """A program of the kit's packages that listens on all addresses is reported."""
    busybox = engine_packages / "bin/busybox"
    port = _free_port()
    process = subprocess.Popen(
        [str(busybox.resolve()), "httpd", "-f", "-p", f"0.0.0.0:{port}", "-h", str(tmp_path)]
    )
    try:
        deadline = time.monotonic() + 10
        while not any(str(port) in line for line in machine.exposed()):
            assert time.monotonic() < deadline, "the listener was not seen"
    finally:
        process.kill()
        process.wait()


def test_every_row_that_needs_one_has_a_remedy_of_one_line(lab_engine: Engine) -> None:
    """Warnings and faults say what to do in one line; other rows say nothing."""
    report = doctor.examine(lab_engine, checks=doctor.CHECKS[:7])
    assert isinstance(report, Report)
    for row in report.findings:
        needs = row.result in {Result.WARNING, Result.FAULT}
        assert bool(row.remedy) == needs, row
        assert "\n" not in row.remedy


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
