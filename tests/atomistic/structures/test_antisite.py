"""Anti-sites: what is exchanged, and a toy whose energy is known."""

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes

from microcell.atomistic.structures import (
    antisite_energy,
    antisite_pairs,
    layered,
    net_charge,
    swap,
    with_antisites,
)
from microcell.errors import AtomisticError

STIFFNESS, FIELD, COST = 4.0, 0.6, 0.35


class Toy(Calculator):
    """Every ion on a spring to its site; an ion of the wrong kind costs energy and pulls along z."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, sites, symbols):
        super().__init__()
        self.sites, self.symbols = sites, np.array(symbols)

    def calculate(self, atoms=None, properties=("energy",), system_changes=tuple(all_changes)):
        super().calculate(atoms, properties, system_changes)
        moved = self.atoms.positions - self.sites
        wrong = np.array(self.atoms.get_chemical_symbols()) != self.symbols
        energy = 0.5 * STIFFNESS * (moved**2).sum() + wrong.sum() * COST - FIELD * moved[wrong, 2].sum()
        forces = -STIFFNESS * moved
        forces[wrong, 2] += FIELD
        self.results = {"energy": energy, "forces": forces}


@pytest.fixture(scope="module")
def host():
    return layered("NMC111", (3, 3, 1), seed=1)


def test_toy_energy(host):
    """Two wrong ions: 2 COST fixed, and each gains FIELD^2/(2 STIFFNESS) when it relaxes."""
    calculator = Toy(host.positions.copy(), host.get_chemical_symbols())
    found = antisite_energy(host, calculator, pairs=3, fmax=1e-6, steps=2000)
    np.testing.assert_allclose(found.unrelaxed, 2 * COST)
    np.testing.assert_allclose(found.relaxed, 2 * COST - FIELD**2 / STIFFNESS, atol=1e-9)
    np.testing.assert_allclose(found.frame()["relaxed [eV]"], found.relaxed)
    card = found.card()
    assert card.value == pytest.approx(2 * COST - FIELD**2 / STIFFNESS)
    assert card.unit == "eV"


def test_swap_keeps_everything_but_places(host):
    i, j = antisite_pairs(host, "Ni")[0]
    swapped = swap(host, i, j)
    assert (host.symbols[i], host.symbols[j]) == (swapped.symbols[j], swapped.symbols[i])
    np.testing.assert_array_equal(host.positions, swapped.positions)
    assert net_charge(swapped) == 0
    assert swapped.arrays["species"][i] == host.arrays["species"][j]


def test_pairs(host):
    """The closest pairs come first; a separation is kept; a charge chooses ions."""
    pairs = antisite_pairs(host, "Ni", charge=2)
    distances = [host.get_distance(i, j, mic=True) for i, j in pairs]
    assert np.all(np.diff(distances) > -1e-6)
    assert len(pairs) == 27 * 9
    far = antisite_pairs(host, "Ni", separation=4.0)
    assert min(host.get_distance(i, j, mic=True) for i, j in far) >= 4.0


def test_fraction(host):
    """A ninth of 27 lithium sites is three; positions stay, the composition too."""
    mixed = with_antisites(host, 1 / 9, seed=4)
    lithium = np.array(host.get_chemical_symbols()) == "Li"
    assert (np.array(mixed.get_chemical_symbols())[lithium] == "Ni").sum() == 3
    assert mixed.get_chemical_formula() == host.get_chemical_formula()
    assert with_antisites(host, 0.0) == host


def test_figure(host, tmp_path):
    calculator = Toy(host.positions.copy(), host.get_chemical_symbols())
    found = antisite_energy(host, calculator, pairs=2, fmax=1e-3)
    assert found.figure(tmp_path / "antisite.png").stat().st_size > 1000


def test_refused(host):
    with pytest.raises(AtomisticError, match="Fe"):
        antisite_pairs(host, "Fe")
    with pytest.raises(AtomisticError, match="charge 4"):
        antisite_pairs(host, "Ni", charge=4)
    with pytest.raises(AtomisticError, match="larger supercell"):
        antisite_pairs(host, "Ni", separation=40.0)
    with pytest.raises(AtomisticError, match="fraction"):
        with_antisites(host, 0.9)
    calculator = Toy(host.positions + 0.5, host.get_chemical_symbols())
    with pytest.raises(AtomisticError, match="did not converge"):
        antisite_energy(host, calculator, pairs=1, steps=1)
    still = Toy(host.positions.copy(), host.get_chemical_symbols())
    single = antisite_energy(host, still, pairs=1, fmax=0.7)
    with pytest.raises(AtomisticError, match="error bar"):
        single.card()
