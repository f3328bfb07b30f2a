"""Stop the engine that builds use, or empty it, and say in sentences what that did."""

from __future__ import annotations

from buildlab import engine as engines
from buildlab.engine.docker import existing
from buildlab.engine.embedded import shared
from buildlab.host.settings import Settings


def stop(settings: Settings) -> str:
    """Stop the engine; its images and cache stay. Another's builder is left alone."""
    found = engines.choice()
    if found.kind == "docker" and found.answer is not None:
        ran = existing.stop(settings, found.answer)
        # An embedded engine may have been left running by an earlier choice.
        ran = shared.stop(settings) or ran
    elif found.kind == "embedded":
        ran = shared.stop(settings)
    else:
        return f"The builder {found.builder} is not ours: nothing stopped."
    engines.forget()
    return "Stopped; images and cache stay." if ran else "It was not running."


def reset(settings: Settings, *, downloads: bool = False) -> tuple[str, ...]:
    """Stop the engine and delete its cache, of the kit's own its images too.

    With `downloads` also the packages that an engine of the kit's own is made of. Another's
    builder is left alone.
    """
    found = engines.choice()
    if found.kind == "docker" and found.answer is not None:
        gone = existing.reset(settings, found.answer)
        told = [f"Removed from your Docker: {', '.join(gone) or 'nothing, there was no builder'}"]
    elif found.kind == "embedded":
        left = shared.reset(settings, downloads=downloads)
        told = ["The engine is stopped, its images and cache are deleted."]
        told += [f"Left alone, as buildlab didn't put it there: {path}" for path in left]
    else:
        told = [f"The builder {found.builder} is not ours: nothing deleted."]
    engines.forget()
    return tuple(told)
