"""Mixtures of end members: exact for springs, and from an ionic potential."""

import numpy as np
import pytest
from ase.data import atomic_masses, atomic_numbers
from scipy.constants import atomic_mass

from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import LayeredLattice
from microcell.atomistic.thermal import (
    EndMember,
    Scattering,
    VirtualCrystal,
    cards,
    comparison,
    composition_of,
    conductivity_figure,
    end_member,
    layered_primitive,
    mean_ion,
    phonon_figure,
    polar_of,
    references,
    ternary_figure,
    ternary_table,
    triangle,
)
from microcell.errors import AtomisticError

from . import lattices

K_OF = {"Ni": 1.6, "Mn": 2.0, "Co": 2.8}
A_OF = {"Ni": 3.0, "Mn": 3.1, "Co": 2.9}


@pytest.fixture(scope="module")
def springs():
    """One-atom crystals of three metals."""
    return VirtualCrystal(
        tuple(EndMember({m: 1.0}, lattices.series(k=K_OF[m], a=A_OF[m], symbol=m, repeats=3)) for m in K_OF)
    )


def test_a_mixture_has_the_mean_spring_mass_and_lattice(springs):
    shares = {"Ni": 0.5, "Mn": 0.3, "Co": 0.2}
    rest = springs.series(shares).rest
    stiffness = sum(shares[m] * K_OF[m] for m in shares)
    mass = sum(shares[m] * atomic_masses[atomic_numbers[m]] for m in shares)
    modes = rest.modes((3, 4, 5))
    exact = lattices.frequencies(modes.points, stiffness, mass)
    assert modes.frequencies[:, 0] == pytest.approx(exact, rel=1e-6)
    edge = sum(shares[m] * A_OF[m] for m in shares)
    assert rest.volume == pytest.approx((edge * 1e-10) ** 3)
    assert rest.masses == pytest.approx([mass * atomic_mass], rel=1e-6)


def test_corners_are_the_end_members_without_disorder(springs):
    for metal in K_OF:
        assert springs.variances({metal: 1.0}) == (0.0,)
        mixed = springs.series({metal: 1.0}).rest.modes((2, 3, 4))
        own = lattices.springs(K_OF[metal], A_OF[metal], 3, mass=atomic_masses[atomic_numbers[metal]])
        assert mixed.frequencies == pytest.approx(own.modes((2, 3, 4)).frequencies)
    assert springs.variances({"Ni": 0.5, "Mn": 0.5})[0] > 1e-3


def test_disorder_lowers_the_conductivity(springs):
    shares = {"Ni": 0.5, "Mn": 0.5}
    made = composition_of(springs, shares, (6, 6, 6))
    assert made.scattering.variances == springs.variances(shares)
    ordered = made.transport.tensor(300.0, Scattering())
    assert np.trace(made.transport.tensor(300.0, made.scattering)) < np.trace(ordered)
    fine = composition_of(springs, shares, (6, 6, 6), Scattering(grain=1e-8))
    assert fine.conductivity(300.0).mean < made.conductivity(300.0).mean


@pytest.mark.parametrize(
    "shares", [{"Ni": 0.6, "Mn": 0.1, "Co": 0.1}, {"Ni": 0.9, "Al": 0.1}, {"Ni": 1.1, "Mn": -0.1}]
)
def test_compositions_that_cannot_be_mixed_are_refused(springs, shares):
    with pytest.raises(AtomisticError, match="composition"):
        springs.series(shares)


def test_members_must_be_independent_and_alike(springs):
    nickel = springs.members[0]
    with pytest.raises(AtomisticError, match="independent"):
        VirtualCrystal((nickel, nickel))
    larger = lattices.springs(1.6, 3.0, 4, symbol="Mn")
    other = EndMember({"Mn": 1.0}, type(nickel.series)(larger, larger, larger, 0.01, 1e11))
    with pytest.raises(AtomisticError, match="differ in their cells"):
        VirtualCrystal((nickel, other))


def test_table_cards_and_pictures_of_the_triangle(springs, tmp_path):
    table = ternary_table(springs, mesh=(3, 3, 3), steps=2)
    assert len(table) == 6
    assert table[["Ni", "Mn", "Co"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert np.isfinite(table.to_numpy()).all()
    assert (table["Uncertainty [W.m-1.K-1]"] > 0.0).all()
    half = ternary_table(VirtualCrystal(springs.members[:2]), mesh=(3, 3, 3), steps=2)
    assert len(half) == 3
    made = composition_of(springs, {"Ni": 0.8, "Mn": 0.1, "Co": 0.1}, (3, 3, 3))
    written = cards(made, (250.0, 300.0, 350.0), inputs={"potential": "springs"})
    kappa = written["conductivity"]
    assert kappa.name == "Lattice thermal conductivity [W.m-1.K-1]"
    assert kappa.values[1] == pytest.approx(made.conductivity(300.0).mean)
    assert kappa.uncertainty[1] == pytest.approx(made.conductivity(300.0).uncertainty)
    assert written["heat_capacity"].values[0] < written["heat_capacity"].values[2]
    beside = comparison(springs, mesh=(3, 3, 3))
    assert set(beside["published"]) >= {9.3, 13.3, 17.9}
    figures = (
        ternary_figure(table, 300.0),
        conductivity_figure(made, (300.0, 350.0)),
        phonon_figure(made.transport),
    )
    for number, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000


def test_a_triangle_without_steps_is_refused(springs):
    with pytest.raises(AtomisticError, match="steps"):
        ternary_table(springs, steps=0)


def test_every_published_value_says_where_it_comes_from():
    for quantity in ("conductivity", "specific_heat"):
        for reference in references(quantity):
            assert reference.source
            assert reference.standing in ("sourced", "computed")
            assert sum(reference.composition.values()) == pytest.approx(1.0)
            if reference.in_plane is not None:
                assert reference.value == pytest.approx(
                    (2.0 * reference.in_plane + reference.through_plane) / 3.0, abs=0.05
                )


def test_primitive_cell_has_the_bonds_of_the_lattice():
    lattice = LayeredLattice(2.82, 14.05, 0.26)
    atoms = layered_primitive(lattice, "Co", mass=60.0)
    bonds = atoms.repeat((3, 3, 3))
    centre = 4 * 13
    distance = bonds.get_distances(centre + 1, range(len(bonds)), mic=True)
    oxygen = np.sort(distance[np.array(bonds.get_chemical_symbols()) == "O"])
    assert oxygen[:6] == pytest.approx(lattice.metal_oxygen)
    assert atoms.get_masses()[1] == 60.0
    assert atoms.get_volume() == pytest.approx(np.sqrt(3.0) / 2.0 * 2.82**2 * 14.05 / 3.0)


def _ionic():
    """Formal charges with rigid ions; Ni3+ made up from Co3+ for tests alone."""
    known = Potential.builtin("from_memory_unverified").rigid()
    content = known.model_dump()
    content["species"]["Ni3+"] = content["species"]["Co3+"] | {"element": "Ni"}
    pair = next(p for p in content["pair"] if "Co3+" in p["between"])
    content["pair"] = [
        *content["pair"],
        pair | {"between": ("Ni3+", "O2-"), "A": 1.1 * pair["A"], "rho": 0.3},
    ]
    return Potential.checked(content)


def test_a_mean_ion_has_mean_charge_slope_and_curvature():
    potential = _ionic()
    mean = mean_ion(potential, {"Ni2+": 0.25, "Co3+": 0.75}, 2.0)
    assert mean.species["M"].charge == pytest.approx(2.75)
    pairs = {frozenset(p.between): p for p in potential.pair}
    ours = next(p for p in mean.pair if "M" in p.between)

    def repulsion(pair, order):
        return pair.A * np.exp(-2.0 / pair.rho) / pair.rho**order

    for order in (1, 2):
        expected = sum(
            share * repulsion(pairs[frozenset((ion, "O2-"))], order)
            for ion, share in (("Ni2+", 0.25), ("Co3+", 0.75))
        )
        assert repulsion(ours, order) == pytest.approx(expected)
    assert mean_ion(potential, {"Co3+": 1.0}, 2.0) is potential
    with pytest.raises(AtomisticError, match="species"):
        mean_ion(potential, {"Mn4+": 1.0}, 2.0)


def test_born_charges_and_dielectric_constant_of_shells():
    """Rigid ions: ionic charges, no screening. Shells of a rocksalt: sum rule, cubic, and Clausius-Mossotti.

    Where short-range forces are nothing (rho of 0.1 A) the shells are point polarizabilities alpha = Y^2/k,
    and in a cubic crystal (eps - 1)/(eps + 2) = 4 pi alpha / 3 V exactly.
    """
    from ase.build import bulk

    atoms = bulk("NiO", "rocksalt", a=4.18)
    potential = Potential.builtin("from_memory_unverified")
    rigid = polar_of(atoms, CoulombBuckingham(potential.rigid()))
    assert rigid.born == pytest.approx(np.array([2.0, -2.0])[:, None, None] * np.eye(3))
    assert rigid.dielectric == pytest.approx(np.eye(3))
    shells = polar_of(atoms, CoulombBuckingham(potential))
    assert shells.born.sum(axis=0) == pytest.approx(np.zeros((3, 3)), abs=1e-6)
    assert shells.born[0] == pytest.approx(shells.born[0, 0, 0] * np.eye(3), abs=1e-6)
    lone = potential.model_copy(
        update={
            "species": {n: potential.species[n] for n in ("Ni2+", "O2-")},
            "pair": tuple(
                p.model_copy(update={"A": 3e3, "rho": 0.1, "C": 0.0})
                for p in potential.pair
                if p.between == ("Ni2+", "O2-")
            ),
        }
    )
    free = polar_of(atoms, CoulombBuckingham(lone))
    alpha = sum(lone.species[name].polarizability for name in ("Ni2+", "O2-"))
    ratio = 4.0 * np.pi * alpha / (3.0 * atoms.get_volume())
    assert free.dielectric[0, 0] == pytest.approx((1.0 + 2.0 * ratio) / (1.0 - ratio), rel=1e-4)


def test_an_ionic_layered_oxide_from_relaxation_to_conductivity():
    crystal = triangle(_ionic(), {"Co": 1.0}, repeats=(2, 2, 2))
    assert len(crystal.members) == 1
    made = composition_of(crystal, {"Co": 1.0}, (4, 4, 4))
    tensor = made.transport.tensor(300.0, made.scattering)
    assert tensor[0, 0] == pytest.approx(tensor[1, 1], rel=1e-6)
    assert abs(tensor[2, 2] / tensor[0, 0] - 1.0) > 0.1
    assert tensor - np.diag(np.diag(tensor)) == pytest.approx(np.zeros((3, 3)), abs=1e-6 * tensor[0, 0])
    heat, error = made.transport.specific_heat(300.0)
    limit = 12.0 * 8.314462618 / 0.0978729  # Dulong-Petit of LiCoO2
    assert 0.5 * limit < heat < limit
    assert 0.0 < error < 0.1 * heat


def test_a_potential_without_the_ions_is_refused_before_anything_is_computed():
    with pytest.raises(AtomisticError, match=r"lacks ions(.|\n)*Mn3\+"):
        triangle(_ionic())
    with pytest.raises(AtomisticError, match="species"):
        end_member(_ionic(), {"Mn": 1.0}, {"Mn3+": 1.0})
