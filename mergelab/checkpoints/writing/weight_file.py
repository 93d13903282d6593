"""A weight file under construction, hashed during writing if it is written from front to back."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from mergelab.checkpoints.files.errors import CheckpointError


class WeightFile:
    """A new file of `size` bytes at `path`; error messages call it `out`."""

    def __init__(self, path: Path, size: int, out: Path) -> None:
        self.path, self._size, self._out = path, size, out
        self._file = path.open("xb", buffering=0)
        self._file.truncate(size)
        self._digest, self._hashed = hashlib.sha256(), 0

    def write(self, content: memoryview, start: int) -> None:
        """Write `content` at offset `start`. Raises `CheckpointError` if writing fails."""
        if start == self._hashed:
            self._digest.update(content)
            self._hashed += content.nbytes
        try:
            self._file.seek(start)
            while content:
                content = content[self._file.write(content) :]
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            step = "free some space or choose another disk" if full else "choose another folder"
            raise CheckpointError(f"writing {self._out} failed: {error.strerror}; {step}") from error

    def close(self) -> str | None:
        """Close the file; returns its SHA-256 in hex, or None if it was not written from front to back."""
        self._file.close()
        return self._digest.hexdigest() if self._hashed == self._size else None
