"""What is in a Docker and in the user's docker configuration: ours, and everybody else's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from buildlab.engine.docker.candidates import docker_config_dir
from buildlab.engine.docker.existing import belongs
from buildlab.engine.docker.owned import CONTAINER_LABEL, LABEL, SESSION_LABEL, SESSION_VARIABLE
from buildlab.host.settings import Settings
from buildlab.host.userenv import user_env, user_home

if TYPE_CHECKING:
    import docker

ItemKind = Literal["container", "image", "volume", "network"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a Docker, told by its id. `session` is "" where it is not ours.

    `name` holds all names of a container and all tags of an image.
    """

    kind: ItemKind
    id: str
    name: str
    session: str = ""


def items(api: docker.DockerClient) -> tuple[Item, ...]:
    """All containers, images, volumes and networks of a Docker.

    Nothing is filtered by the engine: one that ignores a label filter would give away what
    belongs to others.
    """
    return (*_containers(api), *_images(api), *_volumes(api), *_networks(api))


def again(api: docker.DockerClient, item: Item) -> Item | None:
    """The item as it is now, looked up by its id; None where it is gone."""
    return next((i for i in items_of(api, item.kind) if i.id == item.id), None)


def items_of(api: docker.DockerClient, kind: ItemKind) -> Iterator[Item]:
    """The items of one kind."""
    return {
        "container": _containers,
        "image": _images,
        "volume": _volumes,
        "network": _networks,
    }[kind](api)


def is_ours(item: Item, owner: str) -> bool:
    """Whether the home that `owner` stands for made this item."""
    return bool(item.session) and belongs(item.session, owner)


def cache_records(api: docker.DockerClient) -> frozenset[str]:
    """The build cache of the Docker's own builder: one line for each record."""
    found: Mapping[str, Any] = api.df()
    return frozenset(
        f"{r.get('ID')} {r.get('Type')} {r.get('Size')} {r.get('Description')}"
        for r in found.get("BuildCache") or ()
    )


def user_files(settings: Settings) -> dict[str, str]:
    """The user's docker configuration: path → hash of its content, or where its link points."""
    folder = docker_config_dir(user_env(settings), user_home())
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink():
            found[str(path)] = f"→ {path.readlink()}"
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[str(path)] = "folder"
    return found


def _containers(api: docker.DockerClient) -> Iterator[Item]:
    images = {str(row["Id"]): row.get("Labels") or {} for row in api.api.images(all=True)}
    for row in api.api.containers(all=True):
        labels = row.get("Labels") or {}
        # Whoever runs an image of ours, or one made from it, has its labels on their container.
        own = SESSION_LABEL not in images.get(str(row.get("ImageID")), labels)
        session = _session(labels) if own or CONTAINER_LABEL in labels else ""
        name = ", ".join(n.lstrip("/") for n in row.get("Names") or ())
        if not session and "buildx_buildkit_" in name:
            session = _builder_session(api, str(row["Id"]))
        yield Item("container", str(row["Id"]), name, session)


def _builder_session(api: docker.DockerClient, ident: str) -> str:
    import docker

    try:
        variables = api.api.inspect_container(ident)["Config"].get("Env") or ()
    except docker.errors.NotFound:  # ended between the list and this
        return ""
    values = (v.partition("=")[2] for v in variables if v.startswith(f"{SESSION_VARIABLE}="))
    return next(values, "")


def _images(api: docker.DockerClient) -> Iterator[Item]:
    for row in api.api.images(all=True):
        tags = sorted(t for t in row.get("RepoTags") or () if t != "<none>:<none>")
        # Not its size: that counts layers shared with images that go, and the id is a digest.
        yield Item(
            "image", str(row["Id"]), ", ".join(tags) or "untagged", _session(row.get("Labels"))
        )


def _volumes(api: docker.DockerClient) -> Iterator[Item]:
    for row in api.api.volumes().get("Volumes") or ():
        yield Item("volume", str(row["Name"]), str(row["Name"]), _session(row.get("Labels")))


def _networks(api: docker.DockerClient) -> Iterator[Item]:
    for row in api.api.networks():
        yield Item("network", str(row["Id"]), str(row["Name"]), _session(row.get("Labels")))


def _session(labels: Mapping[str, str] | None) -> str:
    """The session of something labelled as ours; "" for everything else."""
    labels = labels or {}
    return labels.get(SESSION_LABEL, "") if labels.get(LABEL) == "1" else ""
