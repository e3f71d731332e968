"""The reaction profile of linear kinetics (Newman & Tobias 1962) against thin lamellae."""

from __future__ import annotations

import numpy as np

from ...parameters.constants import F, R
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, below, order
from .lamellae import REFERENCE, THICKNESS, first_reaction, lamella_cell, lamella_parameters


def gap(found: np.ndarray, answer: np.ndarray) -> float:
    """Largest absolute difference."""
    return float(np.abs(found - answer).max())


def newman_tobias(nu: float, share: float, edges: np.ndarray) -> np.ndarray:
    """Return local over mean reaction rate between edges y = z/L, for linear kinetics.

    Newman & Tobias 1962 (doi 10.1149/1.2425269): ``i_e/i = s + ((1 - s) sinh nu(1 - y) - s sinh nu y) / sinh
    nu`` with ``s = kappa / (kappa + sigma)``; its differences are the rates of finite volumes.
    """
    ionic = share + ((1 - share) * np.sinh(nu * (1 - edges)) - share * np.sinh(nu * edges)) / np.sinh(nu)
    return -np.diff(ionic) / np.diff(edges)


def linear_profile(nu_squared: float, ratio: float, slices: int) -> np.ndarray:
    """Find local over mean reaction rate of the lamellae for a wave number and ratio kappa over sigma."""
    parameters = lamella_parameters()
    temperature, salt = (
        parameters.number(name) for name in ("Temperature [K]", "Initial electrolyte concentration [mol.m-3]")
    )
    kappa = float(parameters.law("Electrolyte conductivity [S.m-1]")(salt, temperature))
    # half of the section in each phase: 1/kappa_eff + 1/sigma_eff = 2 (1 + ratio) / kappa
    area_i0 = nu_squared * R * temperature / F / THICKNESS**2 / (2 * (1 + ratio) / kappa)
    c_max = parameters.number("Active maximum concentration [mol.m-3]")
    factor = area_i0 * 2 * REFERENCE / (c_max * np.sqrt(salt) * 0.5)
    values = {
        "Exchange current density factor [A.m2.5.mol-1.5]": float(factor),
        "Active electronic conductivity [S.m-1]": kappa / ratio,
        # the concentration stands still at the instant, also in the half cell beside the interface
        "Active diffusivity [m2.s-1]": 1e-8,
    }
    cell = lamella_cell(REFERENCE, parameters.with_values(values), slices)
    rate = first_reaction(cell, -1e-4 * cell.one_c_current)
    return rate / rate.mean()


def profile_miss(nu_squared: float, ratio: float, slices: int) -> tuple[float, float]:
    """Largest misses of the closed form, and of the closed form on the grid, both relative."""
    found, edges = linear_profile(nu_squared, ratio, slices), np.linspace(0.0, 1.0, slices + 1)
    nu, share = np.sqrt(nu_squared), ratio / (1 + ratio)
    exact = newman_tobias(nu, share, edges)
    discrete = newman_tobias(2 * slices * np.arcsinh(nu / (2 * slices)), share, edges)
    return gap(found / exact, np.ones(slices)), gap(found / discrete, np.ones(slices))


LINEAR_CASES = ((1.0, 0.01), (10.0, 1.0), (10.0, 100.0))
"""Squared wave number and kappa over sigma."""


def linear_checks(nu_squared: float, ratio: float, slices: int = 24) -> tuple[Check, Check]:
    """Compare one profile; the bounds are derived in the statement of the problem."""
    continuous, discrete = profile_miss(nu_squared, ratio, slices)
    steep, name = 1 + np.sqrt(nu_squared), f"nu2 = {nu_squared:g}, kappa/sigma = {ratio:g}"
    across = 0.375 * nu_squared * (REFERENCE / THICKNESS) ** 2
    return (
        below(f"reaction rate, {name}, relative miss [-]", continuous, steep * nu_squared / (24 * slices**2)),
        below("the same against the sum on the grid [-]", discrete, steep * across + 1e-6),
    )


def solve_linear(setting: Setting) -> Findings:
    """Compare the first instant of a small current with the closed form of linear kinetics."""
    checks: list[Check | Order] = [c for case in LINEAR_CASES for c in linear_checks(*case)]
    if setting.full:
        grids = (12, 24, 48)
        errors = [profile_miss(10.0, 1.0, n)[0] for n in grids]
        checks.append(order("reaction rate, nu2 = 10 [-]", [THICKNESS / n for n in grids], errors, 2.0))
    return Findings(tuple(checks), (linear_picture(),))


def linear_picture(slices: int = 24) -> Picture:
    """Draw the closed form of the last case and what was found."""
    nu_squared, ratio = LINEAR_CASES[-1]
    fine, coarse = (np.linspace(0.0, 1.0, n + 1) for n in (240, slices))
    exact = newman_tobias(np.sqrt(nu_squared), ratio / (1 + ratio), fine)
    found = linear_profile(nu_squared, ratio, slices)
    middle = [(0.5 * (edges[1:] + edges[:-1])).tolist() for edges in (fine, coarse)]
    lines = (
        Line("Newman and Tobias", middle[0], exact.tolist()),
        Line("lamellae", middle[1], found.tolist(), marks=True),
    )
    title = f"Linear kinetics, nu2 = {nu_squared:g}, kappa/sigma = {ratio:g}"
    return Picture(title, "Distance from the separator over thickness [-]", "Local over mean rate [-]", lines)


REACTION_PROFILE = Problem(
    name="newman-tobias",
    title="First reaction profile of a small current follows the closed form of Newman and Tobias",
    family="limit",
    answer="exact",
    statement="The same lamellae with h = 0.5 um at uniform concentrations, at the instant that C/10000 is "
    "switched on: linear kinetics, i_e/i = s + ((1 - s) sinh nu(1 - y) - s sinh nu y)/sinh nu, "
    "nu2 = a i0 F L2/(RT) (1/kappa_eff + 1/sigma_eff), s = kappa/(kappa + sigma). Finite volumes "
    "replace nu by 2n asinh(nu/2n), which is nu2/(24 n2) off, times at most 1 + nu in the rate: "
    "that is the first bound. Against the sum on the grid only the potential across the lamella "
    "is left, 0.375 nu2 h2/L2 of nu2: the second bound. At full size the miss falls with the "
    "square of the voxel.",
    source="Newman & Tobias 1962, doi 10.1149/1.2425269",
    solve=solve_linear,
)
