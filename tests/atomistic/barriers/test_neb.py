"""Bands over saddles that are known: analytic surfaces, and an adatom whose saddle is fixed by symmetry."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixedLine
from ase.optimize import FIRE

from microcell.atomistic.barriers import find_barrier
from microcell.errors import AtomisticError
from microcell.parameters.card import PropertyCard


class Valley(Calculator):
    """One atom in ``h (x^2 - 1)^2 + t x + k/2 (y - b x^2)^2 + k/2 z^2``: a tilted double well, bent."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, height=0.6, tilt=0.0, bend=0.5, k=4.0):
        super().__init__()
        self.h, self.t, self.b, self.k = height, tilt, bend, k

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        x, y, z = self.atoms.positions[0]
        off = y - self.b * x**2
        energy = self.h * (x**2 - 1) ** 2 + self.t * x + 0.5 * self.k * (off**2 + z**2)
        along = 4 * self.h * x * (x**2 - 1) + self.t - 2 * self.k * off * self.b * x
        self.results = {"energy": energy, "forces": -np.array([[along, self.k * off, self.k * z]])}


class Ridge(Calculator):
    """One atom in ``h (x^2 - 1)^2 + c (y^2 - (1 - x^2)/6)^2 + k/2 z^2``: the straight way is a ridge."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        x, y, z = self.atoms.positions[0]
        off = y**2 - (1 - x**2) / 6
        energy = 0.6 * (x**2 - 1) ** 2 + 9.0 * off**2 + 2.0 * z**2
        forces = [2.4 * x * (x**2 - 1) + 6.0 * off * x, 36.0 * off * y, 4.0 * z]
        self.results = {"energy": energy, "forces": -np.array([forces])}


def states(y=0.5):
    return Atoms("Li", [(-1.0, y, 0.0)]), Atoms("Li", [(1.0, y, 0.0)])


def profile(tilt, height=0.6):
    """Energies of the two minima and the saddle: roots of 4 h x (x^2 - 1) + t."""
    x = np.sort(np.roots([4 * height, 0.0, -4 * height, tilt]).real)
    return height * (x**2 - 1) ** 2 + tilt * x


def test_bent_double_well():
    """The saddle lies at the origin, away from the straight line; its height is h."""
    found = find_barrier(states(), Valley(), force_limit=0.01)
    assert found.converged
    assert found.forward == pytest.approx(0.6, abs=1e-3)
    assert found.backward == pytest.approx(0.6, abs=1e-3)
    assert found.images[3].positions[0] == pytest.approx([0.0, 0.0, 0.0], abs=0.02)


def test_one_image_climbs_alone():
    """A single image finds the saddle too; the force that is left is its own, and progress is reported."""
    shown = []
    found = find_barrier(
        states(), Valley(), images=1, force_limit=0.01, progress=lambda step, force: shown.append(step)
    )
    assert found.forward == pytest.approx(0.6, abs=1e-3)
    assert found.force <= 0.01
    assert shown == sorted(shown)
    assert len(shown) > 2


def test_band_leaves_a_ridge():
    """The saddles lie beside the line of symmetry, at y^2 = 1/6; on it the top is 9/36 eV too high."""
    found = find_barrier(states(0.0), Ridge(), images=3, force_limit=0.01)
    assert found.forward == pytest.approx(0.6, abs=1e-3)
    assert abs(found.images[2].positions[0, 1]) == pytest.approx(6**-0.5, abs=0.01)
    stays = find_barrier(states(0.0), Ridge(), images=3, force_limit=0.01, nudge=0.0)
    assert stays.forward == pytest.approx(0.6 + 9 / 36, abs=1e-3)


@pytest.mark.parametrize("images", [4, 5])
def test_tilted_well_has_two_barriers(images):
    """Forward and backward barriers from the roots of the gradient; also with no image in the middle."""
    low, saddle, high = profile(0.15)
    found = find_barrier(states(), Valley(tilt=0.15), images=images, force_limit=0.01)
    assert found.forward == pytest.approx(saddle - low, abs=2e-3)
    assert found.backward == pytest.approx(saddle - high, abs=2e-3)
    assert abs(found.forward - (saddle - low)) <= 2 * found.uncertainty


@pytest.fixture(scope="module")
def adatom():
    """Aluminium with one gold atom in a hollow of its (100) face, and in the next hollow."""
    slab = fcc100("Al", size=(2, 2, 2))
    add_adsorbate(slab, "Au", 1.7, "hollow")
    slab.center(axis=2, vacuum=4.0)
    slab.set_constraint(FixAtoms(mask=slab.get_tags() > 1))
    final = slab.copy()
    final.positions[-1, 0] += slab.cell[0, 0] / 2
    return slab, final


def test_adatom_hops_over_the_bridge(adatom, tmp_path):
    """The saddle is the bridge site by symmetry: relaxed there along z, it is the band's top."""
    initial = adatom[0]
    found = find_barrier(adatom, EMT(), images=3, force_limit=0.03).require()
    bridge = initial.copy()
    bridge.positions[-1, 0] += initial.cell[0, 0] / 4
    bridge.set_constraint([FixAtoms(mask=bridge.get_tags() > 1), FixedLine(len(bridge) - 1, (0, 0, 1))])
    bridge.calc = EMT()
    FIRE(bridge, logfile=None).run(fmax=0.005, steps=300)
    bottom = initial.copy()
    bottom.calc = EMT()
    FIRE(bottom, logfile=None).run(fmax=0.005, steps=300)
    exact = bridge.get_potential_energy() - bottom.get_potential_energy()
    assert found.forward == pytest.approx(exact, abs=3e-3)
    assert found.backward == pytest.approx(found.forward, abs=3e-3)
    card = found.card(calculator="EMT")
    assert card == PropertyCard.read(card.write(tmp_path / "hop.json"))
    assert card.unit == "eV"
    assert found.figure(tmp_path / "hop.png").stat().st_size > 10_000


def test_band_that_has_not_converged_is_refused():
    """Two steps are too few: the flag says so, and there is no card."""
    found = find_barrier(states(y=0.9), Valley(), steps=2, relax=False, force_limit=0.01)
    assert not found.converged
    assert found.force > 0.01
    with pytest.raises(AtomisticError, match="not converged"):
        found.card()


def test_state_that_falls_into_the_other_is_told():
    """With a strong tilt the final state is no minimum: both ends relax to the same."""
    with pytest.raises(AtomisticError, match="end states are the same"):
        find_barrier(states(), Valley(tilt=2.0), force_limit=0.01)


def test_states_that_do_not_relax_are_told():
    """One step is not enough for the end state."""
    with pytest.raises(AtomisticError, match="initial state does not relax"):
        find_barrier(states(y=2.0), Valley(), steps=1)


@pytest.mark.parametrize(
    ("hop", "options", "words"),
    [
        ((states()[0], states()[0]), {}, "same"),
        ((states()[0], Atoms("Na", [(1, 0, 0)])), {}, "different atoms"),
        ((states()[0], Atoms("Li2", [(1, 0, 0), (2, 0, 0)])), {}, "different atoms"),
        ((states()[0], Atoms("Li", [(np.nan, 0, 0)])), {}, "finite|same"),
        (states(), {"images": 0}, "out of range"),
        (states(), {"force_limit": -1.0}, "out of range"),
    ],
)
def test_bad_input_is_refused(hop, options, words):
    """Identical ends, other atoms, NaN, no images."""
    with pytest.raises(AtomisticError, match=words):
        find_barrier(hop, Valley(), **options)
