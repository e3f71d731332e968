"""Electrodes, interfaces, electrolyte and film: a chapter of the dossier."""

from __future__ import annotations

from ..problem import Problem
from . import electrolyte, film, interface, resistance, steady_salt

PROBLEMS: tuple[Problem, ...] = (
    *resistance.PROBLEMS,
    *interface.PROBLEMS,
    *electrolyte.PROBLEMS,
    *steady_salt.PROBLEMS,
    *film.PROBLEMS,
)
"""The rows, in the order of the dossier."""
