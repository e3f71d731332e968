"""The text of a case file, or an error that says what is there instead."""

from __future__ import annotations

from pathlib import Path

from ..errors import CaseError, did_you_mean


def read_text(path: Path) -> str:
    """Return the text of a case file.

    Raises
    ------
    CaseError
        If it is no text file, or cannot be read.
    """
    if path.is_dir():
        raise CaseError("this is a folder, not a case file", file=path, fix="name the .toml file in it")
    if not path.exists():
        names = [entry.name for entry in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise CaseError("the case file does not exist", file=path, fix=did_you_mean(path.name, names))
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CaseError(
            "the case file is not a text file", file=path, fix="name a .toml file, not the image"
        ) from error
    except OSError as error:
        raise CaseError(f"the case file cannot be read: {error}", file=path) from error
