"""Energy, forces and stress of charged particles with Buckingham pairs and springs: pure functions.

`energy` may be differentiated with respect to anything: positions, cell, charges, A, rho, C, springs.
`forces_and_virial` is its derivative by positions and by a strain, compiled.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from .ewald import COULOMB, reciprocal_energy, screened_charge
from .short_range import buckingham, switch
from .system import Array, Neighbours, Parameters, System


class Evaluation(NamedTuple):
    """Result of `forces_and_virial`.

    Attributes
    ----------
    energy : float
        Energy of the cell [eV].
    forces : (particles, 3) array
        Minus the derivative by the positions [eV.A-1].
    virial : (3, 3) array
        Derivative of the energy by a strain of cell and positions [eV]; divided by the volume, the stress.
    clearance : float
        Least distance of a pair less the one at which it collapses or overlaps [A]; negative: no result.
    """

    energy: Array
    forces: Array
    virial: Array
    clearance: Array


def energy(positions: Array, cell: Array, parameters: Parameters, system: System) -> Array:
    """Return the energy of the cell [eV].

    Parameters
    ----------
    positions : (particles, 3) array
        Positions of cores or rigid ions, then shells [A].
    cell : (3, 3) array
        Cell vectors as rows [A].
    parameters : Parameters
        Charges, Buckingham coefficients, springs.
    system : System
        Neighbours and wave vectors.

    Notes
    -----
    A pure function whose arguments come from `Preparation.arguments`; ``jax.grad(energy, argnums=2)``
    differentiates with respect to every number of the potential. A net charge is compensated by a uniform
    background, so that single charges may be varied. Call it with float64 enabled, and check the `clearance`
    of the structure first: below the barrier of a pair the number has no meaning.
    """
    return _energy_and_clearance(positions, cell, parameters, system)[0]


@jax.jit
def forces_and_virial(positions: Array, cell: Array, parameters: Parameters, system: System) -> Evaluation:
    """Return energy, forces, virial and clearance; the arguments are those of `energy`.

    Examples
    --------
    >>> with jax.enable_x64(True):                                                # doctest: +SKIP
    ...     evaluation = forces_and_virial(*preparation.arguments(atoms))
    """

    def strained(positions: Array, strain: Array) -> tuple[Array, Array]:
        deformation = jnp.eye(3) + strain
        return _energy_and_clearance(positions @ deformation, cell @ deformation, parameters, system)

    slopes = jax.value_and_grad(strained, argnums=(0, 1), has_aux=True)
    (value, clearance), (by_position, by_strain) = slopes(positions, jnp.zeros((3, 3)))
    return Evaluation(value, -by_position, by_strain, clearance)


def _energy_and_clearance(
    positions: Array, cell: Array, parameters: Parameters, system: System
) -> tuple[Array, Array]:
    """Return the energy [eV] and the least distance of a pair above its floor [A]."""
    squares, inside = _squares(_displacements(positions, cell, system.neighbours), system)
    pairs = _total(_pair_energies(squares, inside, _coefficients(parameters, system), system))
    fractional = positions @ jnp.linalg.inv(cell)
    charges = parameters.charge[system.kind]
    waves = reciprocal_energy(fractional, cell, charges, system.waves)
    springs = _spring_energy(positions, cell, parameters, system)
    return pairs + waves + springs, _clearance(squares, inside, system)


def _displacements(positions: Array, cell: Array, neighbours: Neighbours) -> list[Array]:
    """Return x, y, z from every particle to its neighbours, each (capacity, particles) [A]."""
    images = positions[neighbours.owner] + neighbours.shift @ cell
    here = images[: positions.shape[0]]
    return [images[:, i][neighbours.index] - here[:, i][None, :] for i in range(3)]


def _squares(displacements: list[Array], system: System) -> tuple[Array, Array]:
    """Return squared distances [A2] (1 where there is no pair) and which pairs are within the cut-off."""
    index = system.neighbours.index
    squares = sum(component**2 for component in displacements)
    own = jnp.arange(index.shape[1], dtype=index.dtype)[None, :]
    inside = (index != own) & (squares < system.cutoff**2)
    return jnp.where(inside, squares, 1.0), inside


def _coefficients(parameters: Parameters, system: System) -> list[Array]:
    """Return q_i q_j, A, rho and C of every neighbour."""
    pair, charges = system.neighbours.pair, parameters.charge[system.kind]
    product = charges[None, :] * charges[system.neighbours.other]
    none = ((parameters.A, 0.0), (parameters.rho, 1.0), (parameters.C, 0.0))
    return [product, *(jnp.append(coefficient, value)[pair] for coefficient, value in none)]


def _pair_energies(squares: Array, inside: Array, coefficients: list[Array], system: System) -> Array:
    """Return Buckingham and direct Coulomb energy of every neighbour, 0 beyond the cut-off [eV]."""
    r = jnp.sqrt(squares)
    product, A, rho, C = coefficients
    coulomb = COULOMB * product * jax.lax.erfc(system.waves.alpha * r) / r
    short = buckingham(r, A, rho, C) * switch(r, system.cutoff, system.switch_width)
    return jnp.where(inside, coulomb + short, 0.0)


def _spring_energy(positions: Array, cell: Array, parameters: Parameters, system: System) -> Array:
    """Return the springs, less the Gaussian charge pairs of core and own shell in the reciprocal sum [eV]."""
    core, shell = system.spring_pairs[:, 0], system.spring_pairs[:, 1]
    stretch = positions[shell] - positions[core]
    stretch = stretch - jax.lax.stop_gradient(jnp.round(stretch @ jnp.linalg.inv(cell))) @ cell
    squares = jnp.sum(stretch**2, axis=1)
    k, k4 = parameters.k[system.spring_kind], parameters.k4[system.spring_kind]
    charges = parameters.charge[system.kind]
    own = COULOMB * charges[core] * charges[shell] * screened_charge(squares, system.waves.alpha)
    return jnp.sum(0.5 * k * squares + k4 * squares**2 / 24.0 - own)


def _total(values: Array) -> Array:
    """Sum over all pairs, first over columns and then as a product: XLA adds a full sum number by number."""
    return jnp.sum(values, axis=0) @ jnp.ones(values.shape[1])


def _clearance(squares: Array, inside: Array, system: System) -> Array:
    """Return the least distance above the floor of its pair [A]."""
    above = jnp.sqrt(squares) - system.pair_floor[system.neighbours.pair]
    return jnp.min(jnp.where(inside, above, jnp.inf), initial=jnp.inf)
