"""`buildlab images`: make the base images available, and say which are in use."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from buildlab.cli._out import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Examples:  buildlab images  ·  buildlab images --json")(images)


def images(as_json: AsJson = False) -> None:
    """Pull the base images that the Dockerfiles name, or assemble local equivalents.

    Does nothing where the engine has them. Says for each whether it is the published image.
    """
    from rich.console import Console

    from buildlab import engine as engines
    from buildlab.engine import images as bases

    with Console(emoji=False, stderr=True).status("base images …") as status:
        found = bases.ensure(
            engines.current(), progress=lambda step: status.update(f"base images: {step} …")
        )
    if as_json:
        print_json([asdict(image) for image in found])
    else:
        print(bases.base_report(found))
