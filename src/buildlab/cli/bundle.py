"""`buildlab bundle`: one file that sets up machines without internet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from buildlab.cli._out import print_json

EPILOG = (
    "Examples:  buildlab bundle  ·  buildlab bundle /media/usb/buildlab.tar\n\n"
    "On the other machine, in a checkout of the kit:  "
    "./lab start --from-bundle /media/usb/buildlab.tar --digest sha256:…"
)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog=EPILOG)(bundle)


def bundle(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("buildlab-bundle.tar"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write one file with engine, base images, Go modules and Python packages.

    It sets up machines of the same architecture, distribution and Python, without internet.
    """
    from rich.console import Console

    from buildlab.errors import quoted
    from buildlab.record.phrases import format_bytes
    from buildlab.setup import bundle as bundles

    with Console(emoji=False, stderr=True).status("bundle …") as status:
        made = bundles.write(file, lambda step: status.update(f"bundle: {step} …"))
    size_bytes, digest = file.stat().st_size, bundles.digest(file)
    if as_json:
        told = {"file": str(file), "size_bytes": size_bytes, "digest": digest, **asdict(made)}
        print_json(told)
        return
    print(f"{file}, {format_bytes(size_bytes)}")
    print(f"For {made.distribution}, {made.architecture}, Python {made.python}:")
    print(f"  ./lab start --from-bundle {quoted(file)} --digest {digest}")
    print("Give people the digest another way than the file: then nobody can change the file.")
