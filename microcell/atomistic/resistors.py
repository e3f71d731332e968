"""Resistor networks on grids: the conductance of a disordered slab between two electrodes.

Nodes form a grid of shape (n, a) or (n, a, b); axis 0 leads from electrode to electrode. Hops of particles
that do not interact, with symmetric rates, obey the same equations: rates stand for conductances, the
effective conductivity for the diffusivity.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from microcell_kernels.krylov import CONVERGED, cg

from microcell.errors import AtomisticError

TOLERANCE = 1e-8
"""Residual of the potentials relative to the right-hand side; the conductance is more accurate still."""

MOST_ITERATIONS = 20_000
"""Of conjugate gradients: far more than a slab of a million nodes needs at a contrast of 1e4."""


def conductance(through: np.ndarray, lateral: Sequence[np.ndarray]) -> float:
    """Return the conductance of a network between its electrodes.

    Parameters
    ----------
    through : float array, shape (n + 1, a) or (n + 1, a, b)
        Conductances along axis 0: from the first electrode to the first layer, between layers, and from the
        last layer to the second electrode.
    lateral : sequence of float arrays
        For each further axis, the conductances from every node to the next along it: shape (n, a, ...) for a
        periodic grid, where the last closes the ring, and one less along the axis for free sides.

    Returns
    -------
    float
        Current at unit potential difference.

    Raises
    ------
    AtomisticError
        If a conductance is not positive and finite, shapes contradict each other, or the solve does not
        converge.
    """
    _check(through, lateral)
    rings = tuple(_ring(bonds, axis, through.shape[axis]) for axis, bonds in enumerate(lateral, start=1))
    with jax.enable_x64(True):
        power, code = _solve(np.asarray(through, dtype=np.float64), rings, np.int64(MOST_ITERATIONS))
        conducted, code = float(power), int(code)
    if code != CONVERGED or not np.isfinite(conducted):
        raise AtomisticError(
            "The potentials of the resistor network did not converge",
            value=f"{MOST_ITERATIONS} iterations, grid {through.shape}",
            fix="take a smaller grid, or a smaller ratio of the conductances",
        )
    return conducted


def _ring(bonds: np.ndarray, axis: int, count: int) -> np.ndarray:
    """Return lateral conductances of a periodic grid; free sides have a last bond that conducts nothing."""
    missing = count - bonds.shape[axis]
    widths = [(0, missing if k == axis else 0) for k in range(bonds.ndim)]
    return np.pad(np.asarray(bonds, dtype=np.float64), widths)


@jax.jit
def _solve(through: Array, lateral: tuple[Array, ...], most: Array) -> tuple[Array, Array]:
    """Return the dissipated power at unit potential difference, and a result code.

    The power is the conductance, wrong only by the square of the error of the potentials.
    """
    diagonal = through[:-1] + through[1:]
    for axis, bonds in enumerate(lateral, start=1):
        diagonal = diagonal + bonds + jnp.roll(bonds, 1, axis)
    source = jnp.zeros_like(diagonal).at[0].set(through[0])

    def apply(p: Array) -> Array:
        electrode = jnp.zeros_like(p[:1])
        out = -jnp.diff(through * jnp.diff(jnp.concatenate([electrode, p, electrode]), axis=0), axis=0)
        for axis, bonds in enumerate(lateral, start=1):
            flow = bonds * (jnp.roll(p, -1, axis) - p)
            out = out - flow + jnp.roll(flow, 1, axis)
        return out

    solved = cg(
        apply,
        source,
        preconditioner=lambda r: r / diagonal,
        tolerance=TOLERANCE,
        max_iterations=most,  # type: ignore[arg-type]
    )
    p = solved.value
    ends = jnp.zeros_like(p[:1])
    power = jnp.sum(through * jnp.diff(jnp.concatenate([ends + 1.0, p, ends]), axis=0) ** 2)
    for axis, bonds in enumerate(lateral, start=1):
        power = power + jnp.sum(bonds * (jnp.roll(p, -1, axis) - p) ** 2)
    return power, solved.code


def _check(through: np.ndarray, lateral: Sequence[np.ndarray]) -> None:
    """Refuse impossible conductances and shapes."""
    for key, values in (("through", through), *(("lateral", bonds) for bonds in lateral)):
        if not (np.isfinite(values).all() and (np.asarray(values) > 0).all()):
            raise AtomisticError("A conductance is not positive", key=key, allowed="finite and above 0")
    grid = (through.shape[0] - 1, *through.shape[1:])
    for axis, bonds in enumerate(lateral, start=1):
        short = tuple(n - (k == axis) for k, n in enumerate(grid))
        if bonds.shape not in (grid, short):
            raise AtomisticError(
                "Conductances do not fit the grid",
                key=f"lateral, axis {axis}",
                value=bonds.shape,
                allowed=f"{grid} (periodic) or {short} (free sides)",
            )
    if len(lateral) != through.ndim - 1:
        raise AtomisticError(
            "Every axis but the first needs lateral conductances",
            key="lateral",
            value=len(lateral),
            allowed=through.ndim - 1,
        )


def voxel_conductivity(k: np.ndarray) -> float:
    """Return the effective conductivity along axis 0 of voxels, periodic along the others.

    Half voxels in series between neighbours (harmonic mean), half a voxel to each electrode.

    Parameters
    ----------
    k : float array, shape (n, a) or (n, a, b)
        Conductivity of every voxel.
    """
    k = np.asarray(k, dtype=np.float64)

    def series(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return 2.0 * a * b / (a + b)

    through = np.concatenate([2.0 * k[:1], series(k[:-1], k[1:]), 2.0 * k[-1:]])
    lateral = [series(k, np.roll(k, -1, axis)) for axis in range(1, k.ndim)]
    return conductance(through, lateral) * k.shape[0] / float(np.prod(k.shape[1:]))


def bond_conductivity(through: np.ndarray, lateral: Sequence[np.ndarray]) -> float:
    """Return the effective conductivity of a grid of unit spacing; see `conductance` for the arguments."""
    return conductance(through, lateral) * through.shape[0] / float(np.prod(through.shape[1:]))
