"""Crystals whose phonons are known exactly: atoms on springs."""

from __future__ import annotations

from functools import cache

import numpy as np
from ase import Atoms
from scipy.constants import angstrom, atomic_mass, e

from microcell.atomistic.thermal import Modes, Phonons, Transport, VolumeSeries, from_force_constants

A = 3.0  # A
K = 2.0  # eV.A-2
MASS = 50.0  # u


@cache
def springs(k: float = K, a: float = A, repeats: int = 4, mass: float = MASS, symbol: str = "Ti") -> Phonons:
    """Simple cubic, one atom, springs k along and across bonds: w^2 = 4k/m sum sin^2(q_i a / 2), thrice."""
    index = np.arange(repeats**3)
    place = np.stack([index // repeats**n % repeats for n in range(3)])
    step = np.abs((place[:, :, None] - place[:, None, :] + repeats // 2) % repeats - repeats // 2)
    bonded = step.sum(axis=0) == 1
    scalar = 6.0 * np.eye(repeats**3) - bonded
    atoms = Atoms(symbol, cell=a * np.eye(3), scaled_positions=[(0, 0, 0)], masses=[mass], pbc=True)
    return from_force_constants(atoms, k * scalar[:, :, None, None] * np.eye(3), repeats=(repeats,) * 3)


def frequencies(q: np.ndarray, k: float = K, mass: float = MASS) -> np.ndarray:
    """Exact angular frequency [rad.s-1] at wave vectors in reciprocal axes, shape (Q, 3) -> (Q,)."""
    scale = k * e / angstrom**2 / (mass * atomic_mass)
    return np.sqrt(4.0 * scale * np.sum(np.sin(np.pi * q) ** 2, axis=1))


def velocities(q: np.ndarray) -> np.ndarray:
    """Exact group velocity [m.s-1], shape (Q, 3): k a sin(q_i a) / (m w)."""
    scale = K * e / angstrom**2 / (MASS * atomic_mass)
    return scale * A * angstrom * np.sin(2.0 * np.pi * q) / frequencies(q)[:, None]


@cache
def exact_modes(count: int) -> Modes:
    """The modes of `springs` on a cubic mesh, written down."""
    step = (np.arange(count) + 0.5) / count - 0.5
    points = np.stack(np.meshgrid(step, step, step), axis=-1).reshape(-1, 3)
    vectors = np.broadcast_to(np.eye(3, dtype=complex)[:, None], (len(points), 3, 1, 3))
    return Modes(
        mesh=(count,) * 3,
        points=points,
        weights=np.full(len(points), 1.0 / len(points)),
        frequencies=np.repeat(frequencies(points)[:, None], 3, axis=1),
        velocities=np.repeat(velocities(points)[:, None], 3, axis=1),
        eigenvectors=vectors,
        masses=np.array([MASS * atomic_mass]),
        volume=(A * angstrom) ** 3,
        rotations=np.eye(3)[None],
    )


SPEED = float(np.sqrt(K * e / (MASS * atomic_mass)) * A)
"""Speed of sound [m.s-1], the same in all directions and branches: a sqrt(k/m)."""


@cache
def series(
    gamma: float = 1.5, k: float = K, a: float = A, symbol: str = "Ti", repeats: int = 4
) -> VolumeSeries:
    """Springs that soften with volume as k ~ V^(-2 gamma): every mode has the Grueneisen parameter gamma."""

    def at(factor: float) -> Phonons:
        return springs(k * factor ** (-2.0 * gamma), a * factor ** (1.0 / 3.0), repeats, symbol=symbol)

    return VolumeSeries(at(1.0), at(1.01), at(0.99), 0.01, 1.0e11)


@cache
def transport() -> Transport:
    """The default springs on a small mesh."""
    return Transport(series(), (6, 6, 6))
