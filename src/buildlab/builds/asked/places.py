"""What flags name on this machine and is not there: said before anything waits or runs.

Docker says the same later and shorter: `failed to stat x`, whatever x was to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from buildlab.builds.asked.source import is_remote
from buildlab.errors import UsageError, quoted
from buildlab.masking.given import secret_flags
from buildlab.record.flags import values


def look(flags: Sequence[str], env: Mapping[str, str]) -> None:
    """Raises UsageError for the first that is missing; `env` is the client's environment."""
    for secret in secret_flags(flags, env):
        if secret.file and not Path(secret.file).exists():
            name = secret.id or "ID"
            raise _missing(f"the secret {name}", secret.file, f"--secret id={name},src=PATH")
    for value in values(flags, "--ssh"):
        _agent(value, env)
    for value in values(flags, "--iidfile"):
        if value and not Path(value).parent.is_dir():  # docker says so when all is built
            where = Path(value).parent.absolute()
            raise UsageError(
                f"--iidfile {value}: there is no folder {where}",
                f"make it: mkdir -p {quoted(where)}",
            )
    for value in values(flags, "--build-context"):
        _context(*value.partition("=")[::2])


def left_empty(flags: Sequence[str], env: Mapping[str, str]) -> str:
    """What a record says of secrets whose variable is not set; "" where there are none."""
    found = [s for s in secret_flags(flags, env) if s.variable and s.variable not in env]
    named = ", ".join(f"{s.id} (the variable {s.variable})" for s in found)
    return f"not set here, so what the build was given is empty: {named}" if named else ""


def _agent(value: str, env: Mapping[str, str]) -> None:
    name, _, places = value.partition("=")
    for place in filter(None, places.split(",")):
        if not Path(place).exists() and "=" not in place:
            raise _missing(f"the key for --ssh {name}", place, f"--ssh {name}=PATH")
    if not places and not env.get("SSH_AUTH_SOCK"):
        raise UsageError(
            f"--ssh {value} takes keys from an agent, and there is none (SSH_AUTH_SOCK is not set)",
            f'start one: eval "$(ssh-agent)"; ssh-add; or name a key: --ssh {name}=PATH',
        )


def _context(name: str, where: str) -> None:
    if where.startswith("target:"):
        raise UsageError(
            f"--build-context {name}={where}: targets are of docker buildx bake",
            f"in a Dockerfile, a stage is a source by its name: "
            f"COPY --from={quoted(where.removeprefix('target:'))}",
        )
    scheme, _, rest = where.partition("://")
    place = rest.partition("@")[0] if scheme == "oci-layout" and rest else where
    if scheme == "oci-layout" and rest and not Path(place).exists():
        place = place.rpartition(":")[0] or place  # a tag
    elif is_remote(where) or where.startswith("input:"):
        return
    if where and not Path(place).exists():
        raise _missing(f"the named context {name}", place, f"--build-context {name}=PATH")


def _missing(what: str, path: str, typed: str) -> UsageError:
    if path.startswith("~"):
        return UsageError(
            f"{what}: there is no {path}, as a shell leaves a ~ behind = as it is",
            f"write it out: {typed.replace('PATH', f'$HOME{path[1:]}')}",
        )
    if Path(path).is_absolute():
        return UsageError(f"{what}: there is no {path}", f"name another: {typed}")
    return UsageError(
        f"{what}: there is no {path} in {Path.cwd()}, where a path in a flag begins",
        f"name it from there, not from the context: {typed}",
    )
