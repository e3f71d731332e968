"""Writing that never leaves half a file, and JSON that holds plain values only."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ResultsError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


def atomic_write(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it onto `path`.

    A reader sees the old file or the new one, never a part of one, and a failure leaves the old one as it
    was.

    Parameters
    ----------
    path : Path
        The file to create or replace.
    write : callable
        Receives the temporary path and writes the whole content there.

    Raises
    ------
    ResultsError
        The disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with writing(path):
            write(temporary)
            _to_disk(temporary)
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, line feeds) atomically; see `atomic_write`."""
    atomic_write(path, lambda temporary: _write_utf8(temporary, text))


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; NumPy values become plain ones and NaN or infinity becomes null."""
    write_text(path, json.dumps(plain(content), indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    ResultsError
        The file is missing or is not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"{path.name} cannot be read: {error}", file=path, fix="name a run directory"
        ) from error
    if not isinstance(content, dict):
        raise ResultsError(f"{path.name} holds no JSON object", file=path, fix="name a run directory")
    return content


def plain(value: Any) -> Any:
    """Turn nested content into what JSON knows, so that a case with arrays and paths can be stored."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate the operating system's refusal to write `path` into a `ResultsError` with a fix."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> ResultsError:
    # h5py reports the errno of a failed write only inside its message.
    if error.errno in _FULL or "No space left" in str(error) or "File too large" in str(error):
        problem, fix = "the disk is full", "free space or choose another folder, then continue with --resume"
    elif error.errno in _DENIED:
        problem, fix = (
            "no permission to write here",
            "choose another folder with --out or change its permissions",
        )
    else:
        problem, fix = f"cannot write: {error}", "choose another folder with --out"
    return ResultsError(f"{problem}; what was written before stays valid", file=path, fix=fix)


def _write_utf8(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _to_disk(path: Path) -> None:
    # Without this a power failure after the rename may leave an empty file under the final name.
    with path.open("rb+") as file:
        os.fsync(file.fileno())
