"""Case files: a whole simulation in one TOML file."""

from __future__ import annotations

from .case import Case

__all__ = ["Case"]
