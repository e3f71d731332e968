"""The film over a time step (model, section 5)."""

from __future__ import annotations

from jax import Array

from ..physics import film
from .cell import Cell
from .equations import surface_concentration
from .state import Unknowns


def grown(cell: Cell, thickness: Array, before: Unknowns, after: Unknowns, dt: Array) -> Array:
    """Thickness of the film at the end of a step [m], (E, P).

    Both et al. 2026, Eqs. 1-3, with the surface concentration moving along a straight line from ``before``
    to ``after``. With a predicted ``after`` the film of a step is known before it is solved and depends
    smoothly on its length, so that events can be met as closely as is asked.
    """
    if not cell.film:
        return thickness
    at = [surface_concentration(cell, u.c_s[..., -1], u.current) for u in (before, after)]
    return film.grow(cell.laws, thickness, film.mean_fraction(cell.laws, at[0], at[1]), dt)
