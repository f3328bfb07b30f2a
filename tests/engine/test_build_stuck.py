"""An engine that takes no more builds is found out and mended: no build after it hangs."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.engine.asking import lets_through
from buildlab.engine.embedded import health, instance, shared
from buildlab.engine.embedded.instance import Instance
from buildlab.engine.model import Engine
from buildlab.engine.status import status
from buildlab.errors import EngineError, TimedOut
from buildlab.host.process import ProcessId, name_of
from buildlab.host.settings import Settings
from buildlab.record.model import BuildRecord
from buildlab.setup.doctor import CHECKS, Result, findings
from tests.engine.contexts import Context, context
from tests.engine.faulty_registry import faulty_registry
from tests.engine.test_build_faults import slow
from tests.engine.test_build_interrupt import building, until

__all__ = ["context", "slow"]

PROGRAM = """
import pickle, sys
from buildlab.builds import build
from buildlab.setup.doctor import CHECKS, Result, findings
from buildlab.errors import BuildlabError
with open({pickled!r}, "rb") as f:
    engine = pickle.load(f)
try:
    build({folder!r}, *{flags!r}, engine=engine, output="cache", timeout_s=60)
except KeyboardInterrupt as stop:
    print("interrupted:", stop, *getattr(stop, "__notes__", ()))
"""


@pytest.fixture
def own(private: Settings, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine of the test's own, which may be broken."""
    monkeypatch.setenv("BUILDLAB_HOME", str(private.home))
    return shared.ensure(private)


def small(context: Context, engine: Engine, *flags: str, timeout_s: float = 60) -> BuildRecord:
    context.dockerfile(f"FROM scratch\nCOPY f /{context.salt}\n")
    context.write("f", context.salt)
    return build(context.path, *flags, engine=engine, output="cache", timeout_s=timeout_s)


def running(engine: Engine) -> Instance:
    assert engine.state_dir is not None
    found = instance.attach(engine.state_dir)
    assert found is not None
    return found


def importing(source: str) -> str:
    return f"--cache-from=type=registry,ref={source}/cache"


def test_engine_that_a_registry_holds_up_is_restarted(context: Context, own: Engine) -> None:
    """After the time limit the engine is asked, and takes builds again; its cache is there."""
    small(context, own)
    before = running(own).init
    with faulty_registry(own, "later") as source:
        with pytest.raises(TimedOut, match=f"waiting for .*{source}.*was restarted") as told:
            small(context, own, importing(source), timeout_s=3)
        assert "--cache-from" in told.value.hint
        assert running(own).init != before
        record = small(
            context, own, timeout_s=20
        )  # by a handle of before, the registry still there
    assert [s.value for s in record.states().values()] == ["cached"]


@pytest.mark.parametrize("call", ["FROM", "--push"])
def test_registry_that_falls_silent_later_is_named(
    context: Context, lab_engine: Engine, call: str
) -> None:
    """Whatever the build wanted of it, the remedy says how to look at this very registry."""
    with faulty_registry(lab_engine, "later") as source:
        base = f"{source}/app:{context.salt}" if call == "FROM" else "scratch"
        context.dockerfile(f"FROM {base}\nCOPY f /{context.salt}\n")
        context.write("f", context.salt)
        flags = () if call == "FROM" else ("--push", f"--tag={source}/app")
        with pytest.raises(TimedOut, match="waiting for") as told:
            build(context.path, *flags, engine=lab_engine, output="cache", timeout_s=2)
    assert f"http://{source}/v2/" in told.value.hint


@pytest.fixture
def caller(context: Context, own: Engine, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process whose build a registry holds up."""
    (tmp_path / "engine").write_bytes(pickle.dumps(own))
    context.dockerfile(f"FROM scratch\nCOPY f /{context.salt}\n")
    context.write("f", context.salt)
    with faulty_registry(own, "later") as source:
        code = PROGRAM.format(
            pickled=str(tmp_path / "engine"), folder=str(context.path), flags=[importing(source)]
        )
        argv = [sys.executable, "-c", code]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            until(lambda: not lets_through(own, 2), 60, "the registry never held the engine up")
            yield process
            process.kill()


def test_interrupt_heals_the_engine_too(
    context: Context, own: Engine, caller: subprocess.Popen[str]
) -> None:
    """Ctrl-C: what is said of the engine is true, and the next build gets through."""
    caller.send_signal(signal.SIGINT)
    said, _ = caller.communicate(timeout=30)
    assert "was restarted" in said
    small(context, own, timeout_s=20).require_ok()


def test_second_interrupt_ends_the_asking_and_the_next_build_asks(
    context: Context, own: Engine, caller: subprocess.Popen[str]
) -> None:
    """Who presses Ctrl-C twice doesn't wait, hears that nobody asked, and loses nothing."""
    caller.send_signal(signal.SIGINT)
    client = Path(f"/proc/{caller.pid}/task/{caller.pid}/children")
    until(lambda: "history" in commands(client), 20, "the engine was never asked")
    caller.send_signal(signal.SIGINT)
    said, _ = caller.communicate(timeout=10)
    assert "was not asked" in said
    assert "is stopped in the engine" not in said
    small(context, own, timeout_s=20).require_ok()


def commands(children: Path) -> str:
    try:
        return " ".join(
            Path(f"/proc/{n}/cmdline").read_text() for n in children.read_text().split()
        )
    except OSError:
        return ""


def test_killed_caller_leaves_no_stuck_engine(
    context: Context, own: Engine, caller: subprocess.Popen[str]
) -> None:
    """kill -9 of who built: the next build finds the engine held up, and mends it first."""
    caller.kill()
    caller.wait()
    small(context, own, timeout_s=20).require_ok()


@contextmanager
def held_up_by_hand(context: Context, own: Engine) -> Iterator[None]:
    """Another client's build that a registry holds up, and with it all others of the engine.

    At the end ours must get through, though the registry still says nothing.
    """
    (context.path / "hand").mkdir()
    (context.path / "hand" / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    with faulty_registry(own, "later") as source:
        argv = [*own.buildx, "build", importing(source), str(context.path / "hand")]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(argv, env=own.child_env(), stdout=quiet, stderr=quiet) as hand:
            try:
                until(lambda: not lets_through(own, 2), 60, "the registry held nothing up")
                yield
            finally:
                hand.kill()
        small(context, own, timeout_s=20).require_ok()


def test_engine_held_up_by_another_client_is_restarted(context: Context, own: Engine) -> None:
    """A build by hand that a registry holds up: ours times out once, the next is well."""
    with (
        held_up_by_hand(context, own),
        pytest.raises(TimedOut, match=r"(first answer|to go on); .* was restarted"),
    ):
        small(context, own, timeout_s=3)


def test_registries_that_answer_with_a_fault_cost_only_the_cache(
    context: Context, lab_engine: Engine
) -> None:
    """The build goes on without the cache, and its record has each import's error."""
    faults = ("refused", "401", "429", "500", "cut")
    with ExitStack() as stack:
        sources = [stack.enter_context(faulty_registry(lab_engine, fault)) for fault in faults]
        record = small(context, lab_engine, *map(importing, sources)).require_ok()
    failed = [i.name for i in record.internals if i.kind == "cache import" and i.error]
    assert [any(s in name for name in failed) for s in sources] == [True] * len(faults)


@pytest.mark.parametrize("fault", ["silent", "drip"])
@pytest.mark.parametrize("flag", ["--cache-from", "--cache-to"])
def test_silent_registry_is_named_before_the_build(
    context: Context, lab_engine: Engine, fault: str, flag: str
) -> None:
    """No build is begun on it, so nothing is held up; the message names the registry."""
    with faulty_registry(lab_engine, fault) as source:
        ref = f"{flag}=type=registry,ref={source}/cache"
        with pytest.raises(TimedOut, match=f"not begun: .*waiting for .*{source}/cache") as told:
            small(context, lab_engine, ref, timeout_s=2)
    assert flag in told.value.hint
    assert lets_through(lab_engine, 20)


def part(found: Instance, name: str) -> ProcessId:
    if name == "slirp4netns":
        return found.uplink
    if name == "init":
        return found.init
    return next(p for p in health.daemons(found) if name_of(p.pid) == name)


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_next_build_mends_a_half_dead_engine(
    context: Context, own: Engine, how: signal.Signals
) -> None:
    """Whichever of its processes was stopped or killed, the next build works by itself."""
    for name in ("dockerd", "containerd", "slirp4netns", "init"):
        victim = part(running(own), name)
        os.kill(victim.pid, how)
        until(lambda v=victim: v.stopped() or not v.alive(), 5, name)  # type: ignore[misc]
        small(context, own).require_ok()
        assert not any(p.stopped() for p in (*running(own).parts, *health.daemons(running(own))))


def test_lost_socket_is_mended(context: Context, own: Engine) -> None:
    """An engine whose socket was deleted is started anew by the next build."""
    running(own).socket_path.unlink()
    small(context, own).require_ok()


@pytest.mark.parametrize("name", ["containerd", "uplink"])
def test_process_killed_in_a_build_is_the_engines_fault(
    slow: Context, own: Engine, name: str
) -> None:
    """Not the step is blamed that failed for want of it, and the next build works."""
    engine = running(own)
    victim = engine.uplink if name == "uplink" else part(engine, name)

    def kill() -> None:
        until(lambda: building(slow.salt), 30, "the build never began")
        os.kill(victim.pid, signal.SIGKILL)

    text = slow.path.joinpath("Dockerfile").read_text()
    slow.dockerfile(text.replace("-lt 300", "-lt 10").replace("; done\n", "; done; exit 1\n"))
    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(EngineError, match=r"(stopped answering|its processes) while it ran"):
        build(slow.path, engine=own, output="cache", timeout_s=60)
    killer.join()
    small(slow, own).require_ok()


def test_killed_step_is_not_a_dead_engine(slow: Context, lab_engine: Engine) -> None:
    """Exit code 137 is the step's: a record of a failed build, with what that may mean."""
    kill = "sh -c 'kill -9 $$'; exit $?"  # process 1 of a step can't kill itself
    slow.dockerfile(f"FROM scratch\nCOPY busybox /bin/sh\nRUN : {slow.salt}; {kill}\n")
    record = build(slow.path, engine=lab_engine, output="cache")
    assert not record.ok
    assert "killed" in [w.rule for w in record.warnings]


def test_killed_client_is_named(slow: Context, lab_engine: Engine) -> None:
    """A buildx that somebody kills is not the Dockerfile's fault, and leaves nothing running."""

    def kill() -> None:
        until(lambda: building(slow.salt), 30, "the build never began")
        mine = Path(f"/proc/{os.getpid()}/task")
        for thread in mine.iterdir():
            for child in (thread / "children").read_text().split():
                if "--metadata-file" in Path(f"/proc/{child}/cmdline").read_text():
                    os.kill(int(child), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(EngineError, match=f"killed by signal 9 while .*{slow.salt}"):
        build(slow.path, engine=lab_engine, output="cache", timeout_s=60)
    killer.join()
    assert not building(slow.salt)


def test_doctor_names_an_engine_that_is_held_up(context: Context, own: Engine) -> None:
    """It ends soon, with the cure, and does not wait for the engine once per check."""
    (context.path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    with faulty_registry(own, "later") as source:
        argv = [*own.buildx, "build", importing(source), str(context.path)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(argv, env=own.child_env(), stdout=quiet, stderr=quiet) as hand:
            until(lambda: not lets_through(own, 2), 60, "the registry held nothing up")
            rows = {row.check: row for row in findings(own, checks=CHECKS[-9:])}
            hand.kill()
    assert "no build gets through" in rows["engine"].detail
    assert rows["engine"].remedy == "buildlab engine stop && buildlab engine start"
    assert {r.result for name, r in rows.items() if name != "engine"} == {Result.SKIPPED}


def test_status_tells_of_a_half_dead_engine_and_mends_nothing(
    private: Settings, own: Engine
) -> None:
    """Whatever is stopped, it answers, with what to type; it starts nothing."""
    chosen = replace(private, engine="embedded")
    assert not status(chosen).trouble
    for name in ("containerd", "dockerd", "slirp4netns"):
        victim = part(running(own), name)
        os.kill(victim.pid, signal.SIGSTOP)
        until(victim.stopped, 5, f"{name} never stopped")
        assert "buildlab engine stop" in status(chosen).trouble
        assert victim.stopped()
        os.kill(victim.pid, signal.SIGCONT)
    until(lambda: not status(chosen).trouble, 20, "it did not come back")
