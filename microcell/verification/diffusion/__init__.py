"""Diffusion in the solid: a chapter of the dossier."""

from __future__ import annotations

from ..problem import Problem
from . import slabs, sphere_and_cylinder

PROBLEMS: tuple[Problem, ...] = (
    *slabs.PROBLEMS,
    *sphere_and_cylinder.PROBLEMS,
)
"""The rows, in the order of the dossier."""
