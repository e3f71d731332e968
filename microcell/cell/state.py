"""The unknowns of a cell and what drives them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import Array

Number = Any
"""A traced scalar, or its NumPy value on the host (never a Python number, which JAX types weakly)."""


class Unknowns(NamedTuple):
    """The unknowns, or a residual, or a correction: one value per cell and field, zero where a field does not
    exist.

    Attributes
    ----------
    c : Array, shape (nz, ny, nx)
        Lithium concentration: of the solid in active cells, of the electrolyte elsewhere [mol.m-3].
    phi_s : Array, shape (nz, ny, nx)
        Solid potential **relative to the cell voltage** [V], so that millivolts keep all their digits.
    phi_e : Array, shape (nz, ny, nx)
        Electrolyte potential against lithium metal [V].
    voltage : Array, scalar
        Collector potential against the lithium plane [V].
    """

    c: Array
    phi_s: Array
    phi_e: Array
    voltage: Array


class Currents(NamedTuple):
    """Current densities of the interface faces (faces,) and of the lithium plane (ny, nx) [A.m-2]."""

    face: Array
    lithium: Array


class Control(NamedTuple):
    """What the terminals impose: CURRENT [A], VOLTAGE [V] or POWER [W], positive on discharge."""

    mode: Number
    value: Number


class Inertia(NamedTuple):
    """The time derivative of c in the step's formula: ``rate (c - past)`` [mol.m-3.s-1].

    As a difference, so that a concentration that stands still leaves exactly nothing. With ``moving`` 0 no
    lithium flows, and the rows of c hold it at ``past``; 1 is the balance of lithium.
    """

    rate: Number
    past: Array
    moving: Number = np.float64(1.0)
