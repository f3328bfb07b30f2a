"""Assemble base images before there is an engine, where they could not be pulled anyway."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from buildlab import engine as engines
from buildlab.engine.images.assembly import Assembly
from buildlab.engine.images.model import CANONICAL, embedded
from buildlab.host.settings import Settings

Progress = Callable[[str], None]

_HUB = "https://registry-1.docker.io/v2/"
_LIMIT_S = 5.0


def due() -> bool:
    """Whether an engine of the kit's own is about to be made: one that was there has its images.

    Raises EngineError where no engine can be had.
    """
    settings = Settings.from_env()
    if settings.replaying or settings.paths.engine.exists():
        return False
    return engines.choice().kind == "embedded"


def assemble(progress: Progress, beginning: Callable[[], None]) -> None:
    """Assemble what an engine of the kit's own gets, unless Docker Hub answers this machine.

    `beginning` is called where there is something to assemble. Raises as `images.assemble` does.
    """
    assembly = Assembly(Settings.from_env().home)
    names = [embedded(name) for name in CANONICAL]
    if all(assembly.get(name) for name in names) or _answers():
        return
    beginning()
    assembly.make(names, progress)


def _answers() -> bool:
    """Whether Docker Hub answers in time, be it with a refusal: what is asked for comes later.

    It has many addresses; where a firewall is silent, each would be waited for.
    """
    answer: SimpleQueue[bool] = SimpleQueue()
    Thread(target=lambda: answer.put(_asked()), daemon=True).start()
    try:
        return answer.get(timeout=_LIMIT_S)
    except Empty:
        return False


def _asked() -> bool:
    try:
        with urllib.request.urlopen(_HUB, timeout=_LIMIT_S):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
