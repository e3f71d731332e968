"""The limit of porous-electrode theory: a chapter of the dossier."""

from __future__ import annotations

from ..problem import Problem
from . import lamella_limit

PROBLEMS: tuple[Problem, ...] = (*lamella_limit.PROBLEMS,)
"""The rows, in the order of the dossier."""
