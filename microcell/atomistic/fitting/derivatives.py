"""The energy over generalized coordinates, and its derivatives along any directions.

Coordinates are the positions of all particles before a homogeneous strain, then the six strains.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..potential import Parameters, System, energy

_BATCH = 16
"""Derivatives that are computed together: one shape, so one program."""


def deformation(strain: Any, xp: Any = np) -> Any:
    """Return the matrix that strains row vectors, from six strains with engineering shears.

    Parameters
    ----------
    strain : array, shape (6,)
        In Voigt order.
    xp : module
        numpy or jax.numpy.
    """
    xx, yy, zz, yz, xz, xy = strain
    half = [[xx, 0.5 * xy, 0.5 * xz], [0.5 * xy, yy, 0.5 * yz], [0.5 * xz, 0.5 * yz, zz]]
    return xp.eye(3) + xp.array(half)


def strained_energy(y: Any, cell: Any, parameters: Parameters, system: System) -> jax.Array:
    """Return the energy of generalized coordinates [eV].

    Parameters
    ----------
    y : array, shape (3 particles + 6,)
        Positions before the strain [angstrom], then the strains in Voigt order with engineering shears.
    cell : array, shape (3, 3)
        Cell vectors as rows before the strain [angstrom].
    parameters, system
        As for `microcell.atomistic.potential.energy`.
    """
    matrix = deformation(y[-6:], jnp)
    return energy(y[:-6].reshape(-1, 3) @ matrix, cell @ matrix, parameters, system)


_value_and_slope = jax.value_and_grad(strained_energy)
evaluate = jax.jit(_value_and_slope)


@jax.jit
def _along(
    y: Any, cell: Any, parameters: Parameters, system: System, moves: Any, tangents: Parameters
) -> tuple[jax.Array, jax.Array]:
    """Return the changes of energy and gradient along directions of coordinates and parameters.

    One program for everything: columns of the Hessian (parameters at rest), mixed derivatives (coordinates at
    rest), slopes of the energy.
    """

    def one(move: Any, tangent: Parameters) -> tuple[jax.Array, jax.Array]:
        return jax.jvp(lambda z, p: _value_and_slope(z, cell, p, system), (y, parameters), (move, tangent))[1]

    return jax.vmap(one)(moves, tangents)


def derivatives(
    y: np.ndarray,
    cell: np.ndarray,
    parameters: Parameters,
    system: System,
    moves: np.ndarray | None = None,
    tangents: Parameters | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return `_along` for any number of directions, in batches of one size."""
    if moves is None:
        assert tangents is not None
        moves = np.zeros((len(tangents.charge), len(y)))
    if tangents is None:
        tangents = Parameters(*(np.zeros((len(moves), *p.shape)) for p in parameters))
    energies, gradients = [], []
    for first in range(0, len(moves), _BATCH):
        part = slice(first, first + _BATCH)
        spare = _BATCH - len(moves[part])
        batch = (_padded(moves[part], spare), Parameters(*(_padded(t[part], spare) for t in tangents)))
        energy_part, gradient_part = _along(y, cell, parameters, system, *batch)
        energies.append(np.asarray(energy_part)[: _BATCH - spare])
        gradients.append(np.asarray(gradient_part)[: _BATCH - spare])
    return np.concatenate(energies), np.concatenate(gradients)


def _padded(rows: np.ndarray, spare: int) -> np.ndarray:
    return np.pad(rows, ((0, spare), *((0, 0),) * (rows.ndim - 1)))
