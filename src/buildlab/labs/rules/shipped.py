"""Rules of an image at work: what it holds, whom its program trusts, how its health is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path

from buildlab.artifact import container, contents, image
from buildlab.builds import build
from buildlab.builds.unwatched import unwatched
from buildlab.builds.workspace import workspace
from buildlab.errors import EngineError
from buildlab.host.process import wait_until
from buildlab.labs.handed import ENDPOINT
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.phrases import count
from buildlab.services.certificate import certificates

_SERVER = Path(__file__).parents[1] / "endpoint"
_READY_S = 10.0
_BROKEN_S = 1.0
_TRUSTED, _FOREIGN = 8443, 8444


@rule
def holds_none(trial: Trial, *, kinds: Mapping[str, tuple[str, ...]]) -> Seen:
    """The image holds no file of these kinds: each a word, and patterns of paths or names.

    Facts: `files` (how many it holds in all), `kind` (the first that is there), `first` (its
    path), `found` (how many kinds are there).
    """
    made = trial.built(image=True)
    held = contents.files(trial.engine, made.ref)
    if not any(entry.runs for entry in held):
        raise Ungradable("the image holds no program, so nothing is shown by what it lacks", "")
    found: dict[str, str] = {}
    for kind, patterns in kinds.items():
        for entry in held:
            names = (entry.name, f"/{entry.path}")
            if any(fnmatch(n, p) for n in names for p in patterns) and (entry.runs or entry.link):
                found.setdefault(kind, f"/{entry.path}")
    first = next(iter(found), "")
    facts: dict[str, Fact] = {
        "files": len(held),
        "found": len(found),
        "kind": first,
        "first": found.get(first, ""),
    }
    if found:
        told = ", ".join(f"{kind} ({path})" for kind, path in found.items())
        return Seen(False, f"the image holds {told}", facts)
    return Seen(True, f"among {count(len(held), 'file')} there is no {' or '.join(kinds)}", facts)


@rule
def trusts(trial: Trial, *, words: tuple[str, ...]) -> Seen:
    """The image's program, run with these words and the URL of a server, succeeds where the
    server's certificate is by the authority of this check.

    It must fail where another authority signed: else it would show nothing. Facts: `exit code`,
    `said` (its last line), `unknown authority`.
    """
    made = trial.built(image=True)
    with _endpoint(trial) as net:

        def call(port: int) -> container.Ran:
            url = f"https://{ENDPOINT}:{port}/"
            return container.run(trial.engine, made.ref, *words, url, network=net)

        called = call(_TRUSTED)
        foreign = call(_FOREIGN) if called.ok else called
    said = called.output.splitlines()[-1] if called.output else ""
    facts: dict[str, Fact] = {
        "exit code": called.exit_code,
        "said": said,
        "unknown authority": "unknown authority" in called.output,
    }
    if called.ok and foreign.ok:
        text = "the program trusts any certificate, also by an authority that nobody knows"
        return Seen(False, text, facts)
    if called.ok:
        return Seen(True, f"the program says {said!r}", facts)
    return Seen(False, f"the program says {said!r} and ends with {called.exit_code}", facts)


@rule
def checks_health(trial: Trial, *, broken: Mapping[str, str]) -> Seen:
    """The image's health check succeeds while the program serves, and fails where it runs with
    these variables, which break it.

    The check is run as the engine runs it: its program, or its text by the image's shell. Facts:
    `form` ("CMD", "CMD-SHELL", "" for none), `started`, `healthy`, `notices`.
    """
    made = trial.built(image=True)
    seen = image.read(trial.engine, made.ref)
    form, *argv = seen.healthcheck or ("",)
    facts: dict[str, Fact] = {"form": form, "started": False, "healthy": False, "notices": False}
    if form not in ("CMD", "CMD-SHELL"):
        return Seen(False, "the image has no health check", facts)
    if form == "CMD-SHELL":
        argv = [*(seen.config.get("Shell") or ("/bin/sh", "-c")), *argv]
    good = _probed(trial, made.ref, argv, {})
    facts |= {"started": good.started, "healthy": good.ok}
    if not good.ok:
        last = good.output.splitlines()[-1] if good.output else f"exit code {good.exit_code}"
        return Seen(False, f"the health check of a program that serves fails: {last}", facts)
    facts["notices"] = not _probed(trial, made.ref, argv, broken).ok
    if not facts["notices"]:
        return Seen(False, "the health check succeeds although the program is broken", facts)
    return Seen(True, "the health check tells a program that serves from a broken one", facts)


def _probed(trial: Trial, ref: str, argv: list[str], env: Mapping[str, str]) -> container.Ran:
    """How the health check ends: the first success, or the last failure within a few seconds."""
    with suppress(EngineError), container.running(trial.engine, ref, env=env) as serving:
        last = [serving.ask(*argv)]

        def decided() -> bool:
            if not last[0].ok and last[0].started:
                last[0] = serving.ask(*argv)
            return last[0].ok or not last[0].started

        wait_until(decided, _BROKEN_S if env else _READY_S)
        return last[0]
    return container.Ran(container.NOT_STARTED, "the program doesn't start", started=False)


@contextmanager
def _endpoint(trial: Trial) -> Iterator[str]:
    """A network in which the servers run."""
    ours, others = trial.handed.endpoint, certificates(ENDPOINT)
    title = "servers with TLS"
    ref = trial.image_name(title)
    with workspace(_SERVER) as tree:
        tree.write("server.pem", ours.server)
        tree.write("server-key.pem", ours.key)
        tree.write("other.pem", others.server)
        tree.write("other-key.pem", others.key)
        flags = (*trial.bench.flags, "--tag", ref, *image.label_flags(trial.engine))
        with unwatched():
            build(
                tree,
                *flags,
                title=title,
                engine=trial.engine,
                output="load",
                mask=(ours.key, others.key),
            ).require_ok()
    with (
        container.network(trial.engine) as net,
        container.running(trial.engine, ref, network=net, name=ENDPOINT) as served,
    ):
        for port in (_TRUSTED, _FOREIGN):
            served.until_asked(
                *("sh", "-c", f"openssl s_client -connect 127.0.0.1:{port} </dev/null"),
                timeout_s=_READY_S,
            )
        yield net
