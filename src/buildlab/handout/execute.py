"""Runs a lesson from its first cell to its last, in a kernel of this environment.

The work is done on a thread, so that Ctrl-C reaches the main one: it interrupts the kernel, the
build that runs there ends as it would in a notebook, and what was done so far is kept.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from buildlab.errors import BuildlabError
from buildlab.handout.lessons import Notebook

CELL_LIMIT_S = 1200
INTERRUPT_LIMIT_S = 15.0
Progress = Callable[[int, int], None]
"""Told the number of the code cell that starts, and how many there are."""


class LessonFailed(BuildlabError):
    """A cell of a lesson failed; the message says which."""


def execute(
    notebook: Notebook, name: str, folder: Path, environ: Mapping[str, str], progress: Progress
) -> None:
    """Execute the cells in place, in `folder`. Raises LessonFailed; outputs so far stay."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    code = [i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()]
    at = [0]

    def began(cell: Any, cell_index: int) -> None:
        at[0] = cell_index
        progress(code.index(cell_index) + 1, len(code))

    client = _client(notebook, began)
    try:
        _run(client, folder, environ)
    except CellExecutionError as e:
        told = _told(e)
    except CellTimeoutError:
        told = f"it did not end within {CELL_LIMIT_S} s"
    except (DeadKernelError, RuntimeError) as e:
        told = f"its kernel died: {e}"
    else:
        return
    cell = notebook.cells[at[0]]
    source = cell.source.strip().splitlines()[0]
    raise LessonFailed(
        f"{name}, cell {at[0] + 1} ({cell.get('id', '')}): {source}\n  {told}",
        f"run it by itself: ./lab start, then open {name}; or see ./lab doctor",
    )


def _client(notebook: Notebook, began: Callable[..., None]) -> Any:
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class OwnKernel(AsyncKernelManager):
        """This environment's Python, whatever "python3" a user has registered."""

        @property
        def kernel_spec(self) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return NotebookClient(
        notebook,
        timeout=CELL_LIMIT_S,
        kernel_name="python3",
        kernel_manager_class=OwnKernel,
        extra_arguments=["--ext=buildlab.handout.plain", "--log-level=ERROR"],
        store_widget_state=False,
        shutdown_kernel="immediate",
        on_cell_execute=began,
    )


def _run(client: Any, folder: Path, environ: Mapping[str, str]) -> None:
    """Execute all cells on a thread, and interrupt them where this one is interrupted."""
    env = {**environ, "BUILDLAB_REPLAY_PACE": "0"}  # nobody watches
    loop = asyncio.new_event_loop()
    done: Future[None] = Future()

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(client.async_execute(env=env, cwd=str(folder)))
        except BaseException as e:
            done.set_exception(e)
        else:
            done.set_result(None)
        finally:
            loop.close()

    Thread(target=work, name="lesson", daemon=True).start()
    try:
        # In short turns, as a wait without end can't be interrupted; and never by `Thread.join`,
        # which takes an interrupted thread for one that has ended (CPython 3.11).
        while not wait([done], 0.2).done:
            pass
    except KeyboardInterrupt:
        _stop(client, loop, done)
        raise
    done.result()


def _stop(client: Any, loop: asyncio.AbstractEventLoop, done: Future[None]) -> None:
    """Interrupt the cell, as a notebook's stop button does; end the kernel if it goes on."""

    async def interrupt() -> None:
        await client.km.interrupt_kernel()

    async def end() -> None:
        await client.km.shutdown_kernel(now=True)

    for act in (interrupt, end):
        if done.done() or client.km is None:
            return
        with suppress(RuntimeError):  # the loop has just closed
            asyncio.run_coroutine_threadsafe(act(), loop)
        wait([done], INTERRUPT_LIMIT_S)


def _told(error: Any) -> str:
    """The error as the notebook shows it, on few lines."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", f"{error.ename}: {error.evalue}")
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n  ".join([*lines[:8], *(["…"] if len(lines) > 8 else [])])
