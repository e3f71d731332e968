"""Hops and anti-sites that a fit observes: geometry, symmetry, and the barrier against an elastic band."""

import numpy as np
import pytest
from ase import Atoms

from microcell.atomistic.barriers import find_barrier, oxygen_dumbbell_hop
from microcell.atomistic.fitting import EnergyDifference, FitFile, antisite_states, hop_states
from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import layered
from microcell.errors import AtomisticError


def one_layer():
    """LiCoO2 with one lithium layer of nine sites, repeated upwards by a slanted cell."""
    a, b, c = layered("LiCoO2", (1, 1, 1)).cell.array
    places = [0.5 * c, 0.0 * c, 0.2603 * c, -0.2603 * c]
    return Atoms("LiCoO2", places, cell=[a, b, (2 * a + b + c) / 3], pbc=True).repeat((3, 3, 1))


@pytest.mark.parametrize(("kind", "gone"), [("dumbbell", 1), ("tetrahedral", 2)])
def test_hop_goes_along_x(kind, gone):
    """One ion goes half of the a axis along x; the first atom, which a relaxation keeps, is another one."""
    host = layered("LiCoO2", (3, 3, 1))
    start, middle, (atom, axis) = hop_states(host, kind)
    moved = middle.positions - start.positions
    assert (len(start), axis) == (len(host) - gone, 0)
    assert atom > 0
    assert start.symbols[atom] == "Li"
    assert moved[atom, :2] == pytest.approx([0.5 * 2.8161, 0.0], abs=1e-9) or kind == "tetrahedral"
    assert moved[atom, 0] == pytest.approx(0.5 * 2.8161, abs=1e-9)
    assert not np.delete(moved, atom, axis=0).any()
    assert start.get_volume() == pytest.approx(host.get_volume())


def test_middle_is_the_saddle():
    """At rest in all but the hop, the middle is stationary along the hop too (mirror plane), and as high as
    the climbing image of an elastic band between the same states (0.015 eV: 0.02 eV/A are left there)."""
    potential = Potential.builtin("from_memory_unverified").rigid().model_copy(update={"cutoff": 6.0})
    start, middle, hold = hop_states(one_layer(), "dumbbell")
    chosen = {"species": {"Co": "Co3+"}, "background": True}
    found = EnergyDifference(start, middle, potential, 0.8, 0.1, hold=hold, **chosen)
    barrier = found.predict(potential.parameters)[0][0]
    rest = found.structures[1].at(potential.parameters)
    assert np.abs(rest.gradient[:-6]).max() < 1e-3
    calculator = CoulombBuckingham(potential, ewald_accuracy=1e-5, **chosen)
    hop = oxygen_dumbbell_hop(one_layer(), 32)
    band = find_barrier(hop, calculator, images=1, force_limit=0.02, steps=1000).require()
    assert barrier == pytest.approx(band.forward, abs=0.015)


def test_antisite_states():
    """The pair stands at the least distance allowed, all else stays, and charges go with the ions."""
    host = layered("NMC111", (3, 3, 1), ordering="ordered")
    perfect, swapped = antisite_states(host, "Ni", charge=2, separation=5.0)
    changed = np.flatnonzero(perfect.numbers != swapped.numbers)
    assert sorted(perfect.symbols[changed]) == ["Li", "Ni"]
    assert perfect.get_distance(*changed, mic=True) >= 5.0
    charges = swapped.get_array("oxidation_states")
    assert sorted(charges[changed]) == [1, 2]


FIT = """
schema_version = "microcell-fit/1"
name = "layers"
potential = "microcell_nmc_fit"
[[free]]
name = "scale"
start = 0.5
[[barrier]]
structure = "LiCoO2"
hop = "dumbbell"
measured = 0.8
sigma = 0.1
[[antisite]]
structure = "NMC111"
charge = 2.0
measured = 0.84
sigma = 0.2
fitted = false
"""


def observations_of(path):
    file = FitFile.read(path)
    return file.observations(file.potential())


def test_sections_of_the_file(tmp_path):
    path = tmp_path / "fit.toml"
    path.write_text(FIT)
    barrier, antisite = observations_of(path)
    assert (barrier.label, barrier.fitted, barrier.measured[0]) == ("LiCoO2 dumbbell hop", True, 0.8)
    assert (antisite.label, antisite.fitted) == ("NMC111 anti-site Li-Ni", False)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"LiCoO2"', '"NMC111"', ["one metal only", "energy_difference"]),
        ('"dumbbell"', '"straight"', ["barrier.0.hop"]),
        ("charge = 2.0", "charge = 4.0", ["oxidation state"]),
    ],
)
def test_refused(tmp_path, old, new, words):
    path = tmp_path / "fit.toml"
    path.write_text(FIT.replace(old, new))
    with pytest.raises(AtomisticError) as caught:
        observations_of(path)
    assert all(word in str(caught.value) for word in words), str(caught.value)
