"""`buildlab --version`: the kit's own, and what can be told of engine and buildx at once."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def print_versions() -> None:
    """One line for each. Nothing is started for it."""
    from buildlab.engine import status
    from buildlab.errors import BuildlabError

    try:
        print(f"buildlab {version('buildlab')}")
    except PackageNotFoundError:  # run from its source, not installed
        print("buildlab")
    try:
        found = status.status()
    except BuildlabError:
        print("engine none")
        return
    for name, value in (found.versions or {}).items():
        if value:
            print(f"{name} {value}")
    if not found.running:
        print(f"engine {found.kind}, not running")
