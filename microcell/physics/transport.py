"""Transport in solid and electrolyte: cell properties and two-point fluxes (model, sections 2 and 6).

Concentrated-solution theory in the form of Latz & Zausch 2011 (doi 10.1016/j.jpowsour.2010.11.088); ``phi_e``
is measured with a lithium reference electrode.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from microcell_kernels.faces import series_conductance

from ..parameters.constants import F, R
from ..parameters.laws import Laws

REFERENCE_CONCENTRATION = 1000.0
"""Concentration of the logarithm's zero [mol.m-3]."""

CONCENTRATION_FLOOR = 1e-3
"""Smallest concentration in the logarithm [mol.m-3]; iterates may go below, solutions must not."""


class CellProperties(NamedTuple):
    """Properties of every cell at its own concentration; zero where a field does not exist.

    Attributes
    ----------
    conductivity_s, conductivity_e : Array
        Electronic sigma and effective ionic ``b kappa`` [S.m-1].
    mobility : Array
        ``F D`` of the lithium in the cell: D_s in active material, ``b D_e`` in electrolyte [A.m2.mol-1].
    transference, thermodynamic_factor, log_c : Array
        ``t_plus``, ``1 + dlnf/dlnc`` and ``ln (c / 1 mol/l)`` of the electrolyte; only differences of the
        last count, and near zero they keep one more digit.
    """

    conductivity_s: Array
    conductivity_e: Array
    mobility: Array
    transference: Array
    thermodynamic_factor: Array
    log_c: Array


class Side(NamedTuple):
    """One side of a face: properties, concentration [mol.m-3] and potentials [V] of the cell."""

    properties: CellProperties
    c: Array
    phi_s: Array
    phi_e: Array


class FaceFluxes(NamedTuple):
    """Per area and towards higher index: electronic and ionic current, lithium times F, all [A.m-2]."""

    electronic: Array
    ionic: Array
    lithium: Array


class FaceCoefficients(NamedTuple):
    """What a face makes of differences between its cells.

    Attributes
    ----------
    electronic, ionic : Array
        Conductances per area [S.m-2]; zero where the field does not exist on both sides.
    lithium : Array
        The same of lithium times F, at no ionic current [A.m.mol-1].
    transference : Array
        ``t_plus`` at the face.
    diffusion_potential : Array
        Rise of phi_e towards higher index at which no ionic current flows [V].
    """

    electronic: Array
    ionic: Array
    lithium: Array
    transference: Array
    diffusion_potential: Array


def solid_properties(laws: Laws, c: Array) -> tuple[Array, Array]:
    """Return ``sigma_s`` [S.m-1] and ``F D_s`` [A.m2.mol-1] of active material at concentration ``c``."""
    x = c / laws.c_max
    return laws.conductivity_s(x, laws.temperature), F * laws.diffusivity_s(x, laws.temperature)


def electrolyte_properties(laws: Laws, c: Array) -> tuple[Array, Array, Array, Array]:
    """Return ``kappa`` [S.m-1], ``F D_e`` [A.m2.mol-1], ``t_plus``, ``1 + dlnf/dlnc`` at ``c``."""
    T = laws.temperature
    return (
        laws.conductivity_e(c, T),
        F * laws.diffusivity_e(c, T),
        laws.transference(c, T),
        laws.thermodynamic_factor(c, T),
    )


def face_coefficients(
    low: CellProperties,
    high: CellProperties,
    half_low: Array,
    half_high: Array,
    temperature: Array,
    contact: Array | None = None,
) -> FaceCoefficients:
    """Coefficients of the two-point fluxes; arguments as in :func:`face_fluxes`."""
    g_s = series_conductance(low.conductivity_s, high.conductivity_s, half_low, half_high)
    g_e = series_conductance(low.conductivity_e, high.conductivity_e, half_low, half_high)
    g_d = series_conductance(low.mobility, high.mobility, half_low, half_high)
    # solid lithium and electrolyte salt are different species: no diffusion across their common face
    same = (low.conductivity_e > 0) == (high.conductivity_e > 0)
    if contact is not None:
        # the infinite resistance is kept out of the arithmetic: its derivative, or times zero, would be NaN
        blocked = jnp.isinf(contact)
        g_s = jnp.where(blocked, 0.0, g_s / (1.0 + jnp.where(blocked, 0.0, contact) * g_s))
        same = same & ~blocked
    t_plus = 0.5 * (low.transference + high.transference)
    factor = 0.5 * (low.thermodynamic_factor + high.thermodynamic_factor)
    diffusion_potential = 2 * R * temperature / F * (1 - t_plus) * factor * (high.log_c - low.log_c)
    return FaceCoefficients(g_s, g_e, jnp.where(same, g_d, 0.0), t_plus, diffusion_potential)


def face_fluxes(
    low: Side, high: Side, half_low: Array, half_high: Array, temperature: Array, contact: Array | None = None
) -> FaceFluxes:
    """Two-point fluxes through the inner faces normal to one axis.

    Parameters
    ----------
    low, high : Side
        Cells at lower and higher index.
    half_low, half_high : Array
        Distances from cell centre to face [m].
    temperature : Array
        T [K].
    contact : Array, optional
        Area resistance to electrons at each face [Ohm.m2]; infinite blocks lithium too.

    Notes
    -----
    ``i_e = -b kappa grad phi_e + b kappa (2RT/F) (1 - t_plus) (1 + dlnf/dlnc) grad ln c`` and
    ``F N = -b F D grad c + t_plus i_e``; coefficients harmonic, ``t_plus`` and the factor arithmetic means.
    """
    k = face_coefficients(low.properties, high.properties, half_low, half_high, temperature, contact)
    ionic = k.ionic * (low.phi_e - high.phi_e + k.diffusion_potential)
    lithium = k.lithium * (low.c - high.c) + k.transference * ionic
    return FaceFluxes(k.electronic * (low.phi_s - high.phi_s), ionic, lithium)
