"""Diffusion under a constant flux: series for a slab, a cylinder and a sphere, and a method of lines for a
diffusivity that depends on the concentration.

Everything is scaled: lengths with the half thickness or radius ``a``, times with ``a**2 / D`` (``tau``), and
rises of concentration with ``j a / D``, j being the flux into the body [mol.m-2.s-1].
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.special import j0, jn_zeros

TERMS = 60
"""Terms of a series; the last one, exp(-(60 pi)**2 tau), is below 1e-100 for tau > 0.01."""


def slab(x: np.ndarray, tau: float) -> np.ndarray:
    """Return the rise in a slab, insulated at x = 0, flux at x = 1: Crank, 2nd ed., Eq. 4.55."""
    n = np.arange(1, TERMS + 1)[:, None]
    waves = (-1.0) ** n / n**2 * np.exp(-((n * np.pi) ** 2) * tau) * np.cos(n * np.pi * np.asarray(x))
    return np.asarray(tau + (3 * x**2 - 1) / 6 - 2 / np.pi**2 * waves.sum(axis=0))


def cylinder(r: np.ndarray, tau: float) -> np.ndarray:
    """Return the rise in a cylinder: Crank, 2nd ed., chapter 5, constant flux at the surface."""
    zeros = jn_zeros(1, TERMS)[:, None]
    waves = np.exp(-(zeros**2) * tau) * j0(zeros * np.asarray(r)) / (zeros**2 * j0(zeros))
    return np.asarray(2 * tau + r**2 / 2 - 0.25 - 2 * waves.sum(axis=0))


def sphere(r: np.ndarray, tau: float) -> np.ndarray:
    """Return the rise in a sphere: Crank, 2nd ed., Eq. 6.45, over the roots of tan(alpha) = alpha."""
    roots = np.array([_tangent_root(n) for n in range(1, TERMS + 1)])[:, None]
    spherical = np.sinc(roots * np.asarray(r) / np.pi)  # sin(alpha r) / (alpha r), also at the centre
    waves = np.exp(-(roots**2) * tau) * spherical / (roots * np.sin(roots))
    return np.asarray(3 * tau + r**2 / 2 - 0.3 - 2 * waves.sum(axis=0))


def _tangent_root(n: int) -> float:
    """Root number n of tan(alpha) = alpha, which lies between n pi and (n + 1/2) pi."""
    return float(brentq(lambda a: np.sin(a) - a * np.cos(a), n * np.pi, (n + 0.5) * np.pi, xtol=1e-14))


def falling_diffusivity_slab(
    start: float, flux: float, decay: float, tau: float, intervals: int = 2000
) -> tuple[np.ndarray, np.ndarray]:
    """Solve ``u_tau = (exp(-decay u) u_x)_x`` with a flux at x = 1 by the method of lines.

    Unlike the solver, nodes lie on both ends, fluxes are differences of the Kirchhoff potential
    ``-exp(-decay u) / decay`` (no mean of diffusivities is taken), and an ordinary-differential-equation
    solver of variable order goes through time. In space it is of second order: 2000 intervals leave some
    (1/2000)**2.

    Returns
    -------
    x, u : ndarray, shape (intervals + 1,)
        Positions, and the stoichiometry there at ``tau``.
    """
    h = 1.0 / intervals
    volume = np.full(intervals + 1, h)
    volume[[0, -1]] = 0.5 * h

    def rate(_: float, u: np.ndarray) -> np.ndarray:
        inner = np.diff(-np.exp(-decay * u) / decay) / h
        return np.diff(np.concatenate([[0.0], inner, [flux]])) / volume

    u = np.full(intervals + 1, start)
    found = solve_ivp(rate, (0.0, tau), u, "LSODA", lband=1, uband=1, rtol=1e-9, atol=1e-11)
    return np.linspace(0.0, 1.0, intervals + 1), found.y[:, -1]
