"""Ewald sum: choice of the splitting parameter and of the wave vectors, and the reciprocal part.

The energy of point charges in a periodic cell of volume V under conducting boundary conditions (Ewald 1921;
notation of Frenkel & Smit 2002, chapter 12), with f = e^2/(4 pi eps_0):

    E = f/2 sum_(i, j, n)' q_i q_j erfc(alpha r)/r  +  2 pi f/V sum_(G != 0) exp(-G^2/4 alpha^2)/G^2 |S(G)|^2
        - f alpha/sqrt(pi) sum_i q_i^2  -  pi f Q^2/(2 alpha^2 V)

where S(G) = sum_i q_i exp(i G r_i) and the last term is the neutralizing background of a net charge Q.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from scipy import constants as codata
from scipy.optimize import brentq

from .system import Array, Waves

COULOMB: float = codata.e / (4e-10 * np.pi * codata.epsilon_0)
"""e^2/(4 pi eps_0) [eV.A]."""


def choose_alpha(charges: np.ndarray, volume: float, cutoff: float, accuracy: float) -> float:
    """Choose the splitting parameter so that the real sum may end at the cut-off.

    Kolafa & Perram 1992, Mol. Simul. 9, 351, eq. 18: root mean square force error
    ``2 f Q2 exp(-alpha^2 r_c^2)/sqrt(N r_c V)`` with Q2 the sum of the squared charges.

    Parameters
    ----------
    charges : (particles,) array
        Charges [e].
    volume : float
        Of the cell [A3].
    cutoff : float
        Of the real-space sum [A].
    accuracy : float
        Force error that is allowed [eV.A-1].

    Returns
    -------
    float
        alpha [A-1].
    """
    scale = 2.0 * COULOMB * float(np.sum(charges**2)) / np.sqrt(len(charges) * cutoff * volume)
    exponent = np.log(max(scale / accuracy, np.e))
    return float(np.sqrt(exponent) / cutoff)


def choose_wave_cutoff(charges: np.ndarray, volume: float, alpha: float, accuracy: float) -> float:
    """Choose the length of the longest wave vector [A-1].

    Kolafa & Perram 1992, eq. 32: ``f Q2 alpha/pi^2 (pi/L) sqrt(8/(N n)) ...`` written with G = 2 pi n/L as
    ``2 f Q2 alpha/L sqrt(1/(pi n N)) exp(-G^2/4 alpha^2)``.

    Parameters
    ----------
    charges : (particles,) array
        Charges [e].
    volume : float
        Of the cell [A3].
    alpha : float
        Splitting parameter [A-1].
    accuracy : float
        Force error that is allowed [eV.A-1].
    """
    squared, edge = float(np.sum(charges**2)), volume ** (1.0 / 3.0)
    if squared == 0.0:
        return 0.0

    def excess(G: float) -> float:
        order = G * edge / (2.0 * np.pi)
        scale = 2.0 * COULOMB * squared * alpha / edge / np.sqrt(np.pi * order * len(charges))
        return float(np.log(scale / accuracy) - G**2 / (4.0 * alpha**2))

    low, high = 1e-3 * alpha, 20.0 * alpha
    return float(brentq(excess, low, high)) if excess(low) > 0.0 > excess(high) else high


def choose_waves(cell: np.ndarray, alpha: float, wave_cutoff: float, least: tuple[int, ...] = ()) -> Waves:
    """List the wave vectors up to a length as a box of whole numbers with weights.

    Parameters
    ----------
    cell : (3, 3) array
        Cell vectors as rows [A].
    alpha : float
        Splitting parameter [A-1].
    wave_cutoff : float
        Longest wave vector [A-1].
    least : tuple of int, optional
        Half widths (H, K, L) that the box must have: arrays keep their shape, and programs their use.
    """
    edges = np.linalg.norm(cell, axis=1)
    half = np.floor(wave_cutoff * edges / (2.0 * np.pi)).astype(int)
    half = np.maximum(half, least) if least else half
    h, k, l = np.meshgrid(*_orders(half), indexing="ij")
    G = 2.0 * np.pi * np.stack([h, k, l], axis=-1) @ np.linalg.inv(cell).T
    squared = np.sum(G**2, axis=-1)
    weight = np.where((squared > 0.0) & (squared <= wave_cutoff**2), np.where(h > 0, 2.0, 1.0), 0.0)
    return Waves(alpha=np.float64(alpha), weight=weight)


def half_widths(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the largest h, k and l of a box, from the shape of `Waves.weight`."""
    return shape[0] - 1, shape[1] // 2, shape[2] // 2


def _orders(half: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return h, k, l of the box; h only from zero, since G and -G count the same."""
    return np.arange(half[0] + 1), np.arange(-half[1], half[1] + 1), np.arange(-half[2], half[2] + 1)


def _powers(angle: Array, order: int, both: bool) -> Array:
    """Return exp(i n angle) for n from 0 (or -order) to order, by repeated multiplication."""
    base = jnp.broadcast_to(jnp.exp(1j * angle)[:, None], (angle.shape[0], order))
    positive = jnp.cumprod(base, axis=1)
    one = jnp.ones((angle.shape[0], 1), dtype=positive.dtype)
    negative = [jnp.conj(positive[:, ::-1])] if both else []
    return jnp.concatenate([*negative, one, positive], axis=1)


def structure_factors(fractional: Array, charges: Array, shape: tuple[int, int, int]) -> Array:
    """Return S(h, k, l) = sum_i q_i exp(2 pi i (h x_i + k y_i + l z_i)) for a box of whole numbers.

    Separable exponentials: one matrix product instead of a sine and cosine for each particle and vector.

    Parameters
    ----------
    fractional : (particles, 3) array
        Fractional coordinates.
    charges : (particles,) array
        Charges [e].
    shape : tuple of int
        Of `Waves.weight`.

    Returns
    -------
    (1 + H, 1 + 2 K, 1 + 2 L) complex array
        The structure factors.
    """
    count = fractional.shape[0]
    if count <= 2 * _BLOCK:
        return _factors(fractional, charges, shape)
    spare = -count % _BLOCK
    blocks = (
        jnp.pad(fractional, ((0, spare), (0, 0))).reshape(-1, _BLOCK, 3),
        jnp.pad(charges, (0, spare)).reshape(-1, _BLOCK),
    )

    def add(total: Array, block: tuple[Array, Array]) -> tuple[Array, None]:
        return total + _factors(block[0], block[1], shape), None

    return jax.lax.scan(jax.checkpoint(add), jnp.zeros(shape, dtype=jnp.result_type(charges, 1j)), blocks)[0]


_BLOCK = 512
"""Particles whose exponentials are held at once: those of thousands do not fit into the caches."""


def _factors(fractional: Array, charges: Array, shape: tuple[int, int, int]) -> Array:
    angles = 2.0 * jnp.pi * (fractional - jnp.floor(fractional))
    x, y, z = (_powers(angles[:, i], order, both=i > 0) for i, order in enumerate(half_widths(shape)))
    yz = (charges[:, None] * y)[:, :, None] * z[:, None, :]
    return (x.T @ yz.reshape(charges.shape[0], -1)).reshape(shape)


def reciprocal_energy(fractional: Array, cell: Array, charges: Array, waves: Waves) -> Array:
    """Return the reciprocal sum with the self term and the neutralizing background [eV].

    Parameters
    ----------
    fractional : (particles, 3) array
        Fractional coordinates: at fixed ones the structure factors do not feel a strain.
    cell : (3, 3) array
        Cell vectors as rows [A].
    charges : (particles,) array
        Charges [e].
    waves : Waves
        Splitting parameter and wave vectors.
    """
    weight, alpha = waves.weight, waves.alpha
    volume = jnp.abs(jnp.linalg.det(cell))
    orders = np.stack(np.meshgrid(*_orders(half_widths(weight.shape)), indexing="ij"), axis=-1)
    G = 2.0 * jnp.pi * orders @ jnp.linalg.inv(cell).T
    squared = jnp.sum(G**2, axis=-1)
    counts = weight > 0.0
    squared = jnp.where(counts, squared, 1.0)
    green = jnp.where(counts, weight * jnp.exp(-squared / (4.0 * alpha**2)) / squared, 0.0)
    S = structure_factors(fractional, charges, weight.shape)
    waves_sum = 2.0 * jnp.pi / volume * jnp.sum(green * (S.real**2 + S.imag**2))
    own = alpha / jnp.sqrt(jnp.pi) * jnp.sum(charges**2)
    background = jnp.pi * jnp.sum(charges) ** 2 / (2.0 * alpha**2 * volume)
    return COULOMB * (waves_sum - own - background)


def screened_charge(distance: Array, alpha: Array) -> Array:
    """Return the Gaussian part ``erf(alpha d)/d`` of a pair that the direct sum leaves out [A-1].

    Smooth to zero distance, where it is ``2 alpha/sqrt(pi)``: a shell may sit on its core.

    Parameters
    ----------
    distance : array
        Distances squared [A2].
    alpha : float
        Splitting parameter [A-1].
    """
    argument = alpha**2 * distance
    near = argument < 1e-3
    safe = jnp.where(near, 1.0, argument)
    series = 1.0 - argument * (1.0 / 3.0 - argument * (0.1 - argument * (1.0 / 42.0 - argument / 216.0)))
    far = jax.lax.erf(jnp.sqrt(safe)) / jnp.sqrt(safe)
    return alpha * jnp.where(near, 2.0 / jnp.sqrt(jnp.pi) * series, far)
