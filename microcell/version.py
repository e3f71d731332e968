"""The version of this distribution, for results that say what has made them."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Return the version of microcell."""
    try:
        return metadata.version("microcell")
    except metadata.PackageNotFoundError:  # a source tree on the path that was never installed
        return "0+source"
