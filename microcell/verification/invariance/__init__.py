"""Conservation and invariance: a chapter of the dossier."""

from __future__ import annotations

from ..problem import Problem
from . import case_units, conservation, devices, released_oxygen, sign_and_precision, symmetry

PROBLEMS: tuple[Problem, ...] = (
    *conservation.PROBLEMS,
    *released_oxygen.PROBLEMS,
    *symmetry.PROBLEMS,
    *sign_and_precision.PROBLEMS,
    *case_units.PROBLEMS,
    *devices.PROBLEMS,
)
"""The rows, in the order of the dossier."""
