"""Exact derivatives of what a structure predicts against central differences."""

import numpy as np
import pytest

from microcell.atomistic.fitting import Crystal, EnergyDifference, Frame, FreeParameters
from microcell.atomistic.structures import rocksalt

from .crystals import PAIR, differences, rattled, rigid, shells


def test_frame_with_shells():
    """Energy, forces and stress by every kind of number, with the shells following."""
    potential = shells(0.8)
    frame = Frame(rattled(1), potential, energy=0.0, forces=np.zeros((8, 3)), stress=np.zeros(6))
    free = FreeParameters(potential, ["scale", *PAIR, "C(O2-, O2-)", "shell(O2-)", "spring(O2-)"])
    found, exact = differences(frame, free)
    np.testing.assert_allclose(exact, found, rtol=1e-5, atol=1e-5 * np.abs(found).max())


def test_crystal():
    """Lattice constant, distance, elastic constants and bulk modulus of a relaxed crystal."""
    potential, names = rigid(), ("a", "d(Ni, O)", "volume", "C11", "C12", "C44", "B")
    crystal = Crystal(rocksalt("NiO"), potential, dict.fromkeys(names, (1.0, 1.0)))
    found, exact = differences(crystal, FreeParameters(potential, PAIR))
    np.testing.assert_allclose(exact, found, rtol=1e-4)
    values = dict(zip(names, crystal.predict(potential.parameters)[0], strict=True))
    assert values["a"] == pytest.approx(2 * values["d(Ni, O)"])
    assert values["volume"] == pytest.approx(8 * values["d(Ni, O)"] ** 3)
    assert values["B"] == pytest.approx((values["C11"] + 2 * values["C12"]) / 3)
    assert values["C12"] == pytest.approx(values["C44"])  # Cauchy relation of central forces


def test_energy_difference():
    """Energy of a nickel held 0.3 A from its site: its derivative by Hellmann and Feynman."""
    potential = rigid()
    moved = rocksalt("NiO")
    moved.positions[2, 0] += 0.3
    difference = EnergyDifference(rocksalt("NiO"), moved, potential, 0.5, 0.1, hold=(2, 0))
    found, exact = differences(difference, FreeParameters(potential, PAIR))
    assert difference.predict(potential.parameters)[0] > 0.1
    np.testing.assert_allclose(exact, found, rtol=1e-4)
