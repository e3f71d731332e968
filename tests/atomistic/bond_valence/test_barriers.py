"""Olivine conducts along b, layered oxides in their layers."""

import numpy as np
import pytest

from microcell.atomistic.bond_valence import bond_valence, example
from microcell.parameters.card import PropertyCard

from .cells import layered


@pytest.fixture(scope="module")
def olivine():
    return bond_valence(example("LiFePO4"), spacing=0.3)


@pytest.fixture(scope="module")
def cobaltate():
    return bond_valence(layered(), spacing=0.2)


def test_olivine_conducts_along_b(olivine):
    """[010] far below the others, which are beyond 1 eV (doi 10.1557/s43578-022-00743-7).

    BVlain states 0.4395 eV for one dimension and 3.33 eV for two, on a grid of 0.2 A without refinement and
    with covalent radii in place of those of softBV.
    """
    a, b, c = olivine.barriers
    assert b.barrier == pytest.approx(0.4395, abs=0.06)
    assert a.barrier == pytest.approx(3.33, abs=0.4)
    assert c.barrier == pytest.approx(3.33, abs=0.4)


def test_layered_oxide_conducts_in_the_layer(cobaltate):
    """Equal along a and b, closed along c."""
    a, b, c = cobaltate.barriers
    assert a.barrier == pytest.approx(b.barrier, abs=2e-3)
    assert a.barrier < 0.2 * c.barrier
    assert c.closed
    assert not a.closed


def test_refined_barrier_does_not_depend_on_the_grid(olivine):
    """Stationary points are the same from grids of 0.3 and 0.24 A; so are barrier and error."""
    fine = bond_valence(example("LiFePO4"), spacing=0.24)
    assert fine.barriers[1].barrier == pytest.approx(olivine.barriers[1].barrier, abs=1e-4)
    assert fine.barriers[1].uncertainty < 2e-3


def test_supercell_has_the_barrier_of_the_cell(olivine):
    """Two cells along c, and the origin elsewhere."""
    atoms = example("LiFePO4") * (1, 1, 2)
    atoms.translate((0.3, 0.4, 0.5))
    other = bond_valence(atoms, spacing=0.3)
    assert other.barriers[1].barrier == pytest.approx(olivine.barriers[1].barrier, abs=1e-4)


def test_whole_morse_energy_raises_the_barrier(olivine):
    """With the share of FullProf, 1, the barrier along b about doubles."""
    whole = bond_valence(example("LiFePO4"), spacing=0.3, morse_share=1.0)
    assert 1.9 < whole.barriers[1].barrier / olivine.barriers[1].barrier < 2.7


def test_path_of_olivine_is_curved(olivine):
    """Between lithium sites on b the path bows out: longer than b, and back at its image."""
    found = olivine.barriers[1]
    assert found.path[-1] - found.path[0] == pytest.approx([0.0, 1.0, 0.0])
    assert found.distance[-1] > 1.1 * 6.01
    assert found.energy.max() == pytest.approx(found.barrier, abs=0.1)


def test_card_and_picture(olivine, tmp_path):
    """The card reads back; the picture is written."""
    card = olivine.card("b")
    assert card == PropertyCard.read(card.write(tmp_path / "b.json"))
    assert card.value == pytest.approx(olivine.barriers[1].barrier)
    assert card.uncertainty[0] > 0
    assert "no path" in olivine.card("a").origin.note or not olivine.barriers[0].closed
    assert olivine.figure(tmp_path / "olivine.png").stat().st_size > 10_000


def test_profile_starts_and_ends_at_the_bottom(cobaltate):
    """Energies are counted from the lowest site."""
    for found in cobaltate.barriers[:2]:
        assert found.energy[[0, -1]] == pytest.approx(0.0, abs=1e-12)
        assert np.all(found.energy >= 0.0)
