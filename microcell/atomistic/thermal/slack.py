"""Slack's estimate of the lattice thermal conductivity in one line, for comparison."""

from __future__ import annotations

import numpy as np
from scipy.constants import hbar, k, pi

from .modes import check_temperature


def slack_conductivity(
    temperature: float, *, grueneisen: float, mass: float, volume: float, acoustic_temperature: float
) -> float:
    """Return ``A M Theta_a^3 V^(1/3) / (g^2 T)`` [W.m-1.K-1].

    Slack 1979 (10.1016/S0081-1947(08)60359-8) with the prefactor of Julian 1965
    (10.1103/PhysRev.137.A128), in the form of Toher et al. 2014 (10.1103/PhysRevB.90.174107), eq. 14-15.

    Parameters
    ----------
    temperature : float
        T [K]; above about Theta_a / 2.
    grueneisen : float
        Root-mean-square Grueneisen parameter g of the acoustic branches.
    mass : float
        Mean mass of an atom M [kg].
    volume : float
        Of the primitive cell V [m3].
    acoustic_temperature : float
        Theta_a [K], see `Sound`.
    """
    check_temperature(temperature)
    shape = 1.0 - 0.514 / grueneisen + 0.228 / grueneisen**2
    prefactor = 0.849 * 3.0 * 4.0 ** (1.0 / 3.0) / (20.0 * pi**3 * shape)
    cubed = (k * acoustic_temperature / hbar) ** 2 * k * acoustic_temperature / hbar
    return float(prefactor * cubed * mass * np.cbrt(volume) / (grueneisen**2 * temperature))
