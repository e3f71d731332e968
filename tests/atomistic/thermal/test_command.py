"""The command ``microcell atomistic thermal``: what it writes, and what it refuses before it computes."""

from importlib import import_module

import numpy as np
import pytest

from microcell.atomistic.thermal import EndMember, VirtualCrystal
from microcell.errors import AtomisticError
from microcell.parameters import PropertyCard

from . import lattices

command = import_module("microcell.cli.atomistic.thermal")  # the package holds the function of that name


def test_cards_tables_and_pictures_are_written(tmp_path, monkeypatch):
    springs = VirtualCrystal((EndMember({"Co": 1.0}, lattices.series(symbol="Co", repeats=3)),))
    monkeypatch.setattr(command, "_crystal", lambda used, fractions, repeats: springs)
    command.thermal("LiCoO2", "lewis_catlow_1985", mesh=3, out=tmp_path / "t")
    kappa = PropertyCard.read(tmp_path / "t" / "conductivity.json")
    assert kappa.argument == "T"
    assert kappa.origin.inputs["potential"] == "lewis_catlow_1985"
    assert np.all(np.asarray(kappa.uncertainty) > 0.0)
    names = {path.name for path in (tmp_path / "t").iterdir()}
    assert {"heat_capacity.json", "comparison.csv", "phonons.png", "conductivity.png"} <= names


@pytest.mark.parametrize(
    ("composition", "potential", "said"),
    [
        ("Ni=0.8,Mn=0.1", "lewis_catlow_1985", "sum to one"),
        ("Ni=much", "lewis_catlow_1985", "cannot be read"),
        ("NMC81", "lewis_catlow_1985", "not known"),
        ("NMC811", "lewis_catlow_1985", "lacks ions"),
        ("NMC811", "nonsense", "no built-in potential"),
    ],
)
def test_bad_input_is_refused(tmp_path, composition, potential, said):
    with pytest.raises(AtomisticError, match=said):
        command.thermal(composition, potential, out=tmp_path / "t")
