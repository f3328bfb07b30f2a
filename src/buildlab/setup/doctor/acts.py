"""Checks that do what the lessons do, through the same functions."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import requests

from buildlab.builds import Output, build
from buildlab.engine import reviving
from buildlab.engine.asking import lets_through
from buildlab.engine.docker.owned import container_labels
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.setup.doctor.model import Bench, Fault, Outcome, Skip, warning, well

BUILD_TIMEOUT_S = 180
PROBE_LIMIT_S = 20.0
_EMPTY = "buildlab engine reset && buildlab setup"
_DATA_FOLDER = Path(__file__).with_name("dockerfiles")
_SMALL_MODULE = "github.com/pkg/errors@v0.9.1"


def engine(bench: Bench) -> Outcome:
    """An engine answers: which, and why that one."""
    from buildlab import engine as engines

    if bench.engine is not None:
        info = bench.engine.info
    else:
        bench.engine = engines.current(bases=False)
        info = bench.engine.info
    if not bench.engine.can.build:
        bench.engine = None
        raise Skip("BUILDLAB_REPLAY is set: recorded builds are shown, no engine is used")
    if not lets_through(bench.engine, PROBE_LIMIT_S):
        cure = reviving.by_hand(bench.engine)
        bench.engine = None  # the other checks would wait for it, one after another
        raise Fault(
            f"{info.name} answers, but no build gets through within {PROBE_LIMIT_S:.0f} s: "
            "another build may hold it up",
            cure,
        )
    versions = ", ".join(
        f"{name} {version}"
        for name, version in (
            ("engine", info.engine_version),
            ("BuildKit", info.buildkit_version),
            ("buildx", info.buildx_version),
        )
        if version
    )
    return well(f"{info.name}, builder {info.builder} ({info.driver}): {versions}")


def base_images(bench: Bench) -> Outcome:
    """The images in FROM are there: pulled, or local equivalents."""
    from buildlab.engine import images

    found = images.ensure(bench.require_engine())
    bench.engine = images.with_bases(bench.require_engine())
    return well(", ".join(f"{image.name} ({image.origin})" for image in found))


def two_steps(bench: Bench) -> Outcome:
    """Two steps run; the same build again is cached."""
    flags = ("--build-arg", f"SALT={secrets.token_hex(8)}")
    first = _build(bench, "two-steps", flags, output="cache")
    again = _build(bench, "two-steps", flags, output="cache")
    ran = [s for s in first.states().values() if s is State.RAN]
    cached = [s for s in again.states().values() if s is State.CACHED]
    if len(ran) != 2 or len(cached) != 2:
        raise Fault(
            f"{len(ran)} of 2 steps ran, then {len(cached)} of 2 were cached",
            f"start with an empty cache: {_EMPTY}",
        )
    return well("2 steps ran; the second time both were cached")


def compile_and_run(bench: Bench) -> Outcome:
    """A Go program is compiled in one stage, copied into another, and its container runs."""
    token = secrets.token_hex(8)
    here = bench.require_engine()
    record = _build(bench, "go-program", ("--build-arg", f"MESSAGE={token}"), output=_image(here))
    if not here.can.docker_api:
        raise Skip("built; a bare BuildKit can't run the image")
    said = _run(here, record)
    if said != token:
        raise Fault(f"the container said {said!r} and not {token!r}", _EMPTY)
    return well(f"compiled, loaded, ran: it said {said}")


def cache_mount(bench: Bench) -> Outcome:
    """What a RUN leaves in a cache mount is there for the next build's RUN."""
    token, namespace = secrets.token_hex(8), f"doctor-{secrets.token_hex(4)}"
    _build(bench, "cache-mount", ("--build-arg", f"WRITE={token}"), cache_ns=namespace)
    read = _build(
        bench, "cache-mount", ("--build-arg", f"SALT={secrets.token_hex(4)}"), cache_ns=namespace
    )
    if token not in read.output:
        raise Fault(
            "a second build did not find what the first left in its cache mount",
            "use an engine that keeps its state: buildlab engine status",
        )
    return well("written by one build, read by the next")


def secret(bench: Bench) -> Outcome:
    """A secret reaches its RUN, and stays out of the record."""
    token = secrets.token_hex(16)
    file = bench.folder / "token"
    file.write_text(token, "utf-8")
    flags = ("--secret", f"id=token,src={file}", "--build-arg", f"SALT={secrets.token_hex(4)}")
    try:
        record = _build(bench, "secret", flags, mask=(token,))
    finally:
        file.unlink()
    if hashlib.sha256(token.encode()).hexdigest() not in record.output:
        raise Fault("the secret did not reach the step", "update buildx and the engine")
    if token in json.dumps(asdict(record), default=str):
        raise Fault("the secret is in the build record", "tell the authors of buildlab")
    return well("reached its step; not in the record")


def registry_cache(bench: Bench) -> Outcome:
    """The cache is exported to a registry, and imported from it by another build."""
    from buildlab.services.registry import registry

    with registry(bench.require_engine()) as place:
        ref = f"{place.address}/doctor/cache:{secrets.token_hex(4)}"
        salt = ("--build-arg", f"SALT={secrets.token_hex(8)}")
        _build(bench, "two-steps", (*salt, "--cache-to", f"type=registry,ref={ref},mode=max"))
        record = _build(bench, "two-steps", (*salt, "--cache-from", f"type=registry,ref={ref}"))
    imports = [i for i in record.internals if i.kind == "cache import"]
    if not imports or any(i.error for i in imports):
        said = "; ".join(i.error for i in imports if i.error) or "the build imported nothing"
        raise Fault(f"the exported cache was not imported: {said}", _EMPTY)
    return well("exported (mode=max) and imported")


def module_proxy(bench: Bench) -> Outcome:
    """A Go module is downloaded inside a build: GOPROXY, proxies and authorities all hold."""
    flags = (
        "--build-arg",
        f"MODULE={_SMALL_MODULE}",
        "--build-arg",
        f"SALT={secrets.token_hex(4)}",
    )
    record = _try(bench, "module-proxy", flags)
    if record.ok:
        return well(f"{_SMALL_MODULE} downloaded in {record.wall_s:.1f} s")
    said = record.output or (record.failure.message if record.failure else "")
    raise Fault(f"{_SMALL_MODULE} could not be downloaded: {_last(said)}", _network_remedy(said))


def host_module_proxy(bench: Bench) -> Outcome:
    """The module proxy answers this machine itself; builds are tried by another check."""
    from buildlab.host.settings import tool_env

    env = tool_env()
    chosen = env.get("GOPROXY", "").replace("|", ",").split(",")[0].strip()
    if not chosen:
        raise Skip("GOPROXY is not set: Go's default is tried from inside a build")
    if not chosen.startswith("http"):
        raise Skip(f"GOPROXY={chosen}")
    module, _, version = _SMALL_MODULE.partition("@")
    url = f"{chosen.rstrip('/')}/{module}/@v/{version}.info"
    try:
        requests.get(url, timeout=15).raise_for_status()
    except (requests.RequestException, OSError) as e:
        return warning(f"{chosen}: {_cause(e)}", _network_remedy(str(e)))
    return well(f"{chosen} answers")


def _image(here: Engine) -> Output:
    return "image" if here.can.docker_api else "cache"


def _build(
    bench: Bench,
    name: str,
    flags: Sequence[str] = (),
    *,
    output: Output = "cache",
    cache_ns: str | None = None,
    mask: Sequence[str] = (),
) -> BuildRecord:
    record = _try(bench, name, flags, output=output, cache_ns=cache_ns, mask=mask)
    if not record.ok:
        said = record.failure.message if record.failure else "no message"
        raise Fault(f"the build failed: {_last(said)}", _network_remedy(said))
    return record


def _try(
    bench: Bench,
    name: str,
    flags: Sequence[str],
    *,
    output: Output = "cache",
    cache_ns: str | None = None,
    mask: Sequence[str] = (),
) -> BuildRecord:
    """Build one of the Dockerfiles beside this module, from a folder of this doctor's own."""
    folder = bench.folder / name
    if not folder.exists():
        folder.mkdir()
        (folder / "Dockerfile").write_bytes((_DATA_FOLDER / f"{name}.Dockerfile").read_bytes())
    return build(
        folder, *flags, title=f"doctor {name}", engine=bench.require_engine(), output=output,
        cache_ns=cache_ns or "doctor", mask=mask, timeout_s=BUILD_TIMEOUT_S,
    )  # fmt: skip


def _run(here: Engine, record: BuildRecord) -> str:
    """What the image's container prints; container and image are removed."""
    import docker

    from buildlab.builds.asked.command import tag

    name = tag(record.title, here.session)
    client = here.client()
    try:
        labels = container_labels(here.session)
        out: bytes = client.containers.run(
            name, labels=labels, network_mode="none", remove=True, stderr=True
        )
        return out.decode(errors="replace").strip()
    except docker.errors.DockerException as e:
        raise Fault(f"the image did not run: {e}", _EMPTY) from e
    finally:
        with suppress(docker.errors.DockerException):  # `buildlab clean` finds it by its label
            client.images.remove(name)
        client.close()


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no message"


def _cause(error: Exception) -> str:
    """The last part of what requests and urllib3 say: the reason, without their object names."""
    return str(error).rpartition(": ")[2].strip("')\"> ")[:200] or type(error).__name__


def _network_remedy(said: str) -> str:
    if "x509" in said or "certificate" in said.lower():
        return (
            "a proxy here signs with an authority of its own: add its certificate to this "
            "machine (/usr/local/share/ca-certificates, update-ca-certificates)"
        )
    if "no such host" in said or "lookup " in said or "Name or service" in said:
        return "no DNS inside builds: set HTTPS_PROXY, or GOPROXY to a proxy of your network"
    if "timeout" in said.lower() or "timed out" in said or "refused" in said:
        return "set HTTPS_PROXY, or GOPROXY to a module proxy that your network reaches"
    if "no space left" in said:
        return f"free some disk: {_EMPTY}"
    return "run it by hand with the printed command: buildlab --debug doctor"
