"""What others note of a build beside the kit's record, on this machine: buildx and our dockerd.

Below BUILDX_CONFIG, `refs/<builder>/<node>/<id>` keeps the context and the Dockerfile as they were
given, for `docker buildx history`. A URL there may hold a password or a signature. The log of an
engine of ours has the words of each build that failed, with the URL that could not be had. Both are
masked here. What the engine keeps in its own history is out of reach.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from buildlab.basics import jsontext
from buildlab.engine.model import Engine
from buildlab.masking import Masker
from buildlab.record.flags import values

_SLACK_S: Final = 2.0
"""File systems round their times."""
_LAST_WORDS_S: Final = 0.2
"""The engine writes the same fault once more when the client has gone."""
_MOST_BYTES: Final = 4 << 20


class Notes:
    """Covers what is noted of one build. Made before the client starts."""

    def __init__(self, engine: Engine, context: str, flags: Sequence[str], masker: Masker) -> None:
        folder = engine.child_env().get("BUILDX_CONFIG", "")
        given = [context, *(value for value in values(flags, "--file"))]
        self._refs = Path(folder, "refs")
        self._telling = bool(folder) and any(masker(word) != word for word in given)
        self._masker = masker
        self._since = time.time() - _SLACK_S
        self._early = False
        self._log = engine.log
        self._logged = _size(self._log)

    def cover_early(self) -> None:
        """Once the engine answers: then the ref is written, and the kit may yet be killed."""
        if not self._early:
            self._early = True
            self._cover_refs()

    def cover(self) -> None:
        """Mask what was noted since. What can't be written is left as it is."""
        self._cover_refs()
        with suppress(OSError):
            if self._cover_log():
                time.sleep(_LAST_WORDS_S)
                self._cover_log()

    def _cover_refs(self) -> None:
        for path in self._written() if self._telling else ():
            with suppress(OSError, ValueError):
                noted = jsontext.loads(path.read_bytes())
                masked = self._masker.data(noted)
                if masked != noted:
                    _replace(path, masked)

    def _written(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self._refs):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):
                    if path.stat().st_mtime >= self._since:
                        yield path

    def _cover_log(self) -> bool:
        """Whether there was anything to cover. In place, byte for byte: dockerd goes on writing."""
        if self._log is None or _size(self._log) <= self._logged:
            return False
        with self._log.open("r+b") as file:
            file.seek(self._logged)
            text = file.read(_MOST_BYTES).decode("latin-1")
            found = self._masker.spans(text)
            for start, end in found:
                file.seek(self._logged + start)
                file.write(b"*" * (end - start))
        return bool(found)


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path is not None else 0
    except OSError:
        return 0


def _replace(path: Path, data: Any) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, separators=(",", ":"))
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
