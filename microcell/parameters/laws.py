"""Everything the residual needs to know about materials, as one pytree."""

from __future__ import annotations

import equinox as eqx

from microcell.parameters.law import Law, Leaf


class Laws(eqx.Module):
    """Property laws and numbers of a cell; every leaf is a float64 scalar or array, traced under `jax.jit`.

    Laws are called as ``law(x, T)`` (solid, x = c_s/c_max) or ``law(c, T)`` (electrolyte, c [mol.m-3]).

    Attributes
    ----------
    temperature : T [K].
    c_max : maximum lithium concentration of the active material [mol.m-3].
    ocp, diffusivity_s, conductivity_s : U(x, T) [V], D_s(x, T) [m2.s-1], sigma_s(x, T) [S.m-1].
    i00 : exchange current density factor [A.m2.5.mol-1.5].
    conductivity_e, diffusivity_e : kappa(c, T) [S.m-1], D_e(c, T) [m2.s-1].
    transference, thermodynamic_factor : t_plus(c, T), 1 + dlnf/dlnc (c, T).
    cbd_porosity, cbd_tortuosity, cbd_conductivity, cbd_coverage : porosity, tortuosity factor, electronic
        conductivity [S.m-1] and kinetic coverage of the carbon-binder domain.
    separator_porosity, separator_tortuosity : of the homogenized separator.
    lithium_i0, lithium_c_ref : exchange current density of the lithium metal [A.m-2] at c_ref [mol.m-3].
    film_initial, film_growth : L(0) [m] and K [m2.s-1].
    film_energy : dG(x, T) [eV] at the stoichiometry of the solid next to the film.
    film_c_crit : no growth above this concentration [mol.m-3].
    film_kappa, film_diffusivity : kappa_RS [S.m-1], D_Li_RS [m2.s-1].
    film_molar_volume, film_oxygen : V_RS [m3.mol-1], nu.
    particle_contact, collector_contact : area resistances [Ohm.m2].
    """

    temperature: Leaf
    c_max: Leaf
    ocp: Law
    diffusivity_s: Law
    conductivity_s: Law
    i00: Leaf
    conductivity_e: Law
    diffusivity_e: Law
    transference: Law
    thermodynamic_factor: Law
    cbd_porosity: Leaf
    cbd_tortuosity: Leaf
    cbd_conductivity: Leaf
    cbd_coverage: Leaf
    separator_porosity: Leaf
    separator_tortuosity: Leaf
    lithium_i0: Leaf
    lithium_c_ref: Leaf
    film_initial: Leaf
    film_growth: Leaf
    film_energy: Law
    film_c_crit: Leaf
    film_kappa: Leaf
    film_diffusivity: Leaf
    film_molar_volume: Leaf
    film_oxygen: Leaf
    particle_contact: Leaf
    collector_contact: Leaf


PARAMETER_OF_FIELD: dict[str, str] = {
    "temperature": "Temperature [K]",
    "c_max": "Active maximum concentration [mol.m-3]",
    "ocp": "Active open-circuit potential [V]",
    "diffusivity_s": "Active diffusivity [m2.s-1]",
    "conductivity_s": "Active electronic conductivity [S.m-1]",
    "i00": "Exchange current density factor [A.m2.5.mol-1.5]",
    "conductivity_e": "Electrolyte conductivity [S.m-1]",
    "diffusivity_e": "Electrolyte diffusivity [m2.s-1]",
    "transference": "Cation transference number",
    "thermodynamic_factor": "Thermodynamic factor",
    "cbd_porosity": "CBD porosity",
    "cbd_tortuosity": "CBD tortuosity factor",
    "cbd_conductivity": "CBD electronic conductivity [S.m-1]",
    "cbd_coverage": "CBD kinetic coverage",
    "separator_porosity": "Separator porosity",
    "separator_tortuosity": "Separator tortuosity factor",
    "lithium_i0": "Lithium metal exchange current density [A.m-2]",
    "lithium_c_ref": "Lithium metal reference concentration [mol.m-3]",
    "film_initial": "Rocksalt initial thickness [m]",
    "film_growth": "Rocksalt growth constant [m2.s-1]",
    "film_energy": "Rocksalt vacancy energy [eV]",
    "film_c_crit": "Rocksalt critical concentration [mol.m-3]",
    "film_kappa": "Rocksalt ionic conductivity [S.m-1]",
    "film_diffusivity": "Rocksalt lithium diffusivity [m2.s-1]",
    "film_molar_volume": "Rocksalt molar volume [m3.mol-1]",
    "film_oxygen": "Rocksalt oxygen stoichiometry",
    "particle_contact": "Particle contact resistance [Ohm.m2]",
    "collector_contact": "Collector contact resistance [Ohm.m2]",
}
"""The parameter behind each field of `Laws`."""
