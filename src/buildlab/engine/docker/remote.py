"""Any buildx builder by name: a team's BuildKit fleet, Kubernetes, a remote daemon.

The user's entry for the builder is copied into a configuration folder of ours, so that neither
their default builder nor its record of activity changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.engine.docker.candidates import Candidate, candidates, docker_config_dir
from buildlab.engine.docker.client import find_client
from buildlab.engine.docker.dockers import Answer, ask
from buildlab.engine.docker.existing import REMOVED, Place, owner_of
from buildlab.engine.docker.owned import inspect_fields
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, EngineError, UsageError
from buildlab.host import private
from buildlab.host.paths import short_hash
from buildlab.host.settings import Settings
from buildlab.host.userenv import user_env, user_home
from buildlab.record.engineinfo import EngineInfo

INSPECT_TIMEOUT_S = 120
_LOCAL = re.compile(r"unix://|tcp://(127(\.\d+){3}|localhost|\[::1\])(:|$)")


def open_builder(settings: Settings, name: str) -> Engine:
    """The engine that the builder `name` is, booted. Raises UsageError where no such builder is
    known, EngineError where it does not boot."""
    engine = describe(settings, name)
    try:
        fields = inspect_fields(
            engine.buildx, engine.child_env(), name, timeout_s=INSPECT_TIMEOUT_S
        )
    except BuildlabError as e:
        raise EngineError(
            f"the builder {name!r} does not answer: {e.message}",
            f"try it by hand: docker buildx inspect --bootstrap {name}",
        ) from e
    version = fields.get("BuildKit version", "")
    return replace(engine, info=replace(engine.info, buildkit_version=version))


def describe(settings: Settings, name: str) -> Engine:
    """The builder as a value, not asked whether it runs. Raises as `open_builder` does."""
    env, home = user_env(settings), user_home()
    entry = find_entry(env, home, name)
    client = find_client(env, home)
    place = Place(settings.paths.make(settings.paths.builders / short_hash(Path(name))))
    user_config = docker_config_dir(env, home)
    place.prepare(client, user_config)
    instances = place.buildx / "instances"
    private.make_folder(instances)
    private.write(instances / name, entry.read_bytes())
    _see_contexts(place, user_config)
    local = _local_docker(env, home)
    child: dict[str, str | None] = {
        **dict.fromkeys(REMOVED),
        "DOCKER_CONFIG": str(place.config),
        "BUILDX_CONFIG": str(place.buildx),
        "BUILDX_BUILDER": name,
    }
    if local is not None:  # where images are loaded to
        child |= {"DOCKER_HOST": local.candidate.address, **local.candidate.tls}
    told = jsontext.loads(entry.read_text("utf-8"))
    info = EngineInfo(
        kind="remote",
        name=f"builder {name}",
        builder=name,
        driver=str(told.get("Driver", "")),
        engine_version=local.version if local else "",
        buildx_version=client.buildx_version,
    )
    return Engine(
        kind="remote", info=info, cli=(str(client.docker),), buildx=(str(client.buildx),),
        env=child, builder=name, session=owner_of(settings),
        socket=local.candidate.address if local else None, near=near(told),
    )  # fmt: skip


def near(entry: Mapping[str, Any]) -> bool:
    """Whether a builder is in this machine's network, as far as buildx's entry for it tells.

    A container of BuildKit has a loopback of its own unless it was made with network=host.
    """
    nodes = entry.get("Nodes") or [{}]
    if entry.get("Driver") == "docker-container":
        return all((node.get("DriverOpts") or {}).get("network") == "host" for node in nodes)
    local = (_LOCAL.match(str(node.get("Endpoint", ""))) for node in nodes)
    return entry.get("Driver") == "remote" and all(local)


def find_entry(env: Mapping[str, str], home: Path, name: str) -> Path:
    """The user's file for a builder. Raises UsageError that lists the builders there are."""
    folder = _user_buildx(env, home) / "instances"
    path = folder / name
    if path.parent == folder and path.is_file():
        return path
    known = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    if name in ("default", *_context_names(docker_config_dir(env, home))):
        raise UsageError(
            f"{name!r} is your Docker's own builder; builds there would fill your cache",
            "let buildlab make a builder beside it: unset BUILDLAB_BUILDER; "
            "export BUILDLAB_ENGINE=docker",
        )
    raise UsageError(
        f"there is no buildx builder {name!r}; there are: {', '.join(known) or 'none'}",
        "list them: docker buildx ls",
    )


def _user_buildx(env: Mapping[str, str], home: Path) -> Path:
    return Path(env.get("BUILDX_CONFIG") or docker_config_dir(env, home) / "buildx")


def _context_names(config: Path) -> list[str]:
    names = []
    for meta in (config / "contexts" / "meta").glob("*/meta.json"):
        try:
            names.append(str(jsontext.loads(meta.read_text("utf-8"))["Name"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a broken context is the docker command's to report
    return names


def _see_contexts(place: Place, user_config: Path) -> None:
    """Let a builder whose endpoint is a docker context find it."""
    link, target = place.config / "contexts", (user_config / "contexts").absolute()
    if target.is_dir() and not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _local_docker(env: Mapping[str, str], home: Path) -> Answer | None:
    """A Docker of the user's that answers, if any."""
    try:
        tried: tuple[Candidate, ...] = candidates(env, home)
    except UsageError:
        return None
    return next((a for a in map(ask, tried) if a.usable), None)
