"""Effective conductivity: a chapter of the dossier."""

from __future__ import annotations

from ..problem import Problem
from . import exact_media, random_media, spheres, volumes

PROBLEMS: tuple[Problem, ...] = (
    *exact_media.PROBLEMS,
    *spheres.PROBLEMS,
    *random_media.PROBLEMS,
    *volumes.PROBLEMS,
)
"""The rows, in the order of the dossier."""
