"""Relaxation times of phonons: Umklapp in the forms of Slack and Klemens, mass disorder, grain boundaries.

Rates [s-1] of independent processes add up (Matthiessen's rule). Three-phonon matrix elements are not
computed: Umklapp enters through the Grueneisen parameter, which second-order force constants at three
volumes give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import ArrayLike
from scipy.constants import hbar, k, pi

from microcell.errors import AtomisticError

from .modes import Modes, check_temperature

Form = Literal["slack", "klemens"]


def slack_rate(
    frequency: ArrayLike, temperature: float, *, grueneisen: float, mass: float, speed: float, debye: float
) -> np.ndarray:
    """Return Slack's Umklapp rate ``hbar g^2 w^2 T exp(-Theta/3T) / (M v^2 Theta)`` [s-1].

    Slack & Galginaitis 1964 (10.1103/PhysRev.133.A253); used in Callaway's
    integral by Morelli, Heremans & Slack 2002 (10.1103/PhysRevB.66.195304).

    Parameters
    ----------
    frequency : array_like
        Angular frequencies w [rad.s-1].
    temperature : float
        T [K].
    grueneisen : float
        Grueneisen parameter g.
    mass : float
        Mean mass of an atom M [kg].
    speed : float
        Speed of sound v [m.s-1].
    debye : float
        Debye temperature of the acoustic branches Theta [K].
    """
    check_temperature(temperature)
    strength = hbar * grueneisen**2 * temperature / (mass * speed**2 * debye)
    return strength * np.exp(-debye / (3.0 * temperature)) * np.asarray(frequency, dtype=float) ** 2


def klemens_rate(
    frequency: ArrayLike, temperature: float, *, grueneisen: float, mass: float, speed: float, debye: float
) -> np.ndarray:
    """Return Klemens' Umklapp rate at high temperature, ``2 g^2 k T w^2 / (M v^2 w_D)`` [s-1].

    Klemens 1958 (10.1016/S0081-1947(08)60551-2), with ``mu V0 = M v^2`` for the shear modulus times the
    volume of an atom and ``w_D = k Theta / hbar``. Twice Slack's where T is far above Theta. Parameters as
    of `slack_rate`.
    """
    check_temperature(temperature)
    cutoff = k * debye / hbar
    strength = 2.0 * grueneisen**2 * k * temperature / (mass * speed**2 * cutoff)
    return strength * np.asarray(frequency, dtype=float) ** 2


UMKLAPP: dict[str, Callable[..., np.ndarray]] = {"slack": slack_rate, "klemens": klemens_rate}
"""Umklapp rates by name."""


def boundary_rate(velocities: np.ndarray, size: float, specularity: float = 0.0) -> np.ndarray:
    """Return the rate ``|v| / L (1 - p) / (1 + p)`` of scattering at the surfaces of a grain [s-1].

    Casimir 1938; the share p of specular reflections by Ziman, Electrons and Phonons (1960), section 11.3.

    Parameters
    ----------
    velocities : ndarray
        Group velocities [m.s-1], shape (..., 3).
    size : float
        Diameter of the grain L [m]; infinite for none.
    specularity : float
        Share p of reflections that keep the momentum along the surface, from 0 to below 1.
    """
    if not size > 0:
        raise AtomisticError("A grain has a positive size", key="grain", value=size, allowed="above 0 m")
    if not 0.0 <= specularity < 1.0:
        raise AtomisticError(
            "The specularity is a share", key="specularity", value=specularity, allowed="from 0 to below 1"
        )
    return np.linalg.norm(velocities, axis=-1) / size * (1.0 - specularity) / (1.0 + specularity)


def mass_variance(fractions: Mapping[str, float], masses: Mapping[str, float] | None = None) -> float:
    """Return Klemens' variance ``sum f (1 - m / mean)^2`` of the masses on one site.

    Klemens 1955 (10.1088/0370-1298/68/12/303).

    Parameters
    ----------
    fractions : mapping
        Share of every element on the site; they sum to one.
    masses : mapping, optional
        Mass of every element in any unit; standard atomic weights of ASE by default.

    Raises
    ------
    AtomisticError
        If a share is negative, an element unknown, or the sum is not one.

    Examples
    --------
    >>> round(mass_variance({"Ni": 0.5, "Mn": 0.5}), 6)
    0.001092
    """
    check_fractions(fractions)
    weight = masses if masses is not None else {name: standard_mass(name) for name in fractions}
    mean = sum(share * weight[name] for name, share in fractions.items())
    return float(sum(share * (1.0 - weight[name] / mean) ** 2 for name, share in fractions.items()))


def check_fractions(fractions: Mapping[str, float]) -> None:
    """Refuse shares of elements that are negative or do not sum to one."""
    values = np.array(list(fractions.values()), dtype=float)
    if not np.isfinite(values).all() or (values < -1e-12).any() or abs(values.sum() - 1.0) > 1e-6:
        raise AtomisticError(
            "The composition does not sum to one",
            key="composition",
            value=", ".join(f"{name} {share:g}" for name, share in fractions.items()),
            allowed="shares from 0 to 1 whose sum is 1",
            fix="NMC811 is Ni 0.8, Mn 0.1, Co 0.1",
        )


def standard_mass(element: str) -> float:
    """Return the standard atomic weight of an element [u]."""
    if element not in atomic_numbers:
        raise AtomisticError("There is no such element", key="element", value=element)
    return float(atomic_masses[atomic_numbers[element]])


def disorder_rate(modes: Modes, variances: Sequence[float], width: float | None = None) -> np.ndarray:
    """Return the rate of elastic scattering by mass disorder [s-1], shape (Q, B).

    Tamura 1983 (10.1103/PhysRevB.27.858):
    ``(pi / 2 N) w^2 sum_q'j' delta(w - w') sum_b g_b |e_b*(q'j') . e_b(qj)|^2`` with N cells. The sum over
    q' is taken first, as spectra of the sites (3 x 3 tensors), so that the work grows with the number of
    modes and not with its square.

    Parameters
    ----------
    modes : Modes
        Modes of the mean crystal.
    variances : sequence of float
        g_b of every atom of the cell, see `mass_variance`.
    width : float, optional
        Width of the delta function [rad.s-1], default `Modes.width`.
    """
    strengths = np.asarray(variances, dtype=float)
    if strengths.shape != modes.masses.shape or (strengths < 0).any():
        raise AtomisticError(
            "A mass variance is needed for every atom of the cell",
            key="variances",
            value=strengths.tolist(),
            allowed=f"{len(modes.masses)} numbers, none negative",
        )
    if not strengths.any():
        return np.zeros_like(modes.frequencies)
    grid, spectra = modes.site_spectra(width)
    place = (modes.frequencies - grid[0]) / (grid[1] - grid[0])
    low = np.clip(place.astype(int), 0, len(grid) - 2)
    part = (place - low)[..., None, None]
    total = np.zeros_like(modes.frequencies)
    for site in np.flatnonzero(strengths):
        tensor = (1.0 - part) * spectra[site][low] + part * spectra[site][low + 1]
        vector = modes.eigenvectors[:, :, site]
        overlap = np.einsum("qbi,qbij,qbj->qb", vector.conj(), tensor, vector).real
        total += strengths[site] * overlap
    return 0.5 * pi * modes.frequencies**2 * total


def rayleigh_rate(frequency: ArrayLike, variance: float, volume: float, speed: float) -> np.ndarray:
    """Return Klemens' long-wave limit ``g V w^4 / (4 pi v^3)`` of mass disorder in a Debye crystal [s-1].

    Klemens 1955 (10.1088/0370-1298/68/12/303).

    Parameters
    ----------
    frequency : array_like
        Angular frequencies [rad.s-1].
    variance : float
        Mass variance g per atom.
    volume : float
        Volume of an atom V [m3].
    speed : float
        Speed of sound v [m.s-1].
    """
    return variance * volume * np.asarray(frequency, dtype=float) ** 4 / (4.0 * pi * speed**3)
