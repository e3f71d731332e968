"""Manufactured solutions of the coupled equations: a chapter of the dossier."""

from __future__ import annotations

from ..problem import Problem
from . import order_in_space, order_in_time

PROBLEMS: tuple[Problem, ...] = (
    *order_in_space.PROBLEMS,
    *order_in_time.PROBLEMS,
)
"""The rows, in the order of the dossier."""
