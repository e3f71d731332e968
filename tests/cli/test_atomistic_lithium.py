"""``microcell atomistic bond-valence``, ``barrier`` and ``diffusion``: files written, input refused."""

import json

import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk

from microcell.parameters.card import PropertyCard


def test_bond_valence_writes_cards_paths_and_picture(call, tmp_path):
    """Olivine: three cards, the lowest barrier along b."""
    outcome = call("atomistic", "bond-valence", "LiFePO4", "--spacing", "0.4", "--json")
    assert outcome.code == 0
    folder = tmp_path / "bond-valence-LiFePO4"
    cards = {axis: PropertyCard.read(folder / f"barrier-{axis}.json") for axis in "abc"}
    assert cards["b"].value < 0.5 < cards["a"].value
    assert json.loads(outcome.out)["barrier-b"]["units"]["values"] == "eV"
    assert len(pd.read_csv(folder / "path-b.csv")) > 10
    assert (folder / "landscape.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bond-valence", "absent.cif"), "no such structure file"),
        (("bond-valence", "LiCoO2", "--charge", "Co"), "cannot be understood"),
        (("bond-valence", "LiCoO2", "--charge", "Co=2"), "not neutral"),
        (("bond-valence", "LiCoO2", "--mobile", "Na"), "holds no Na"),
        (("barrier", "LiCoO2", "--hop", "jump"), "not known"),
        (("diffusion", "LiCoO2", "-T", "800", "--trajectory", "a", "--trajectory", "b"), "its temperature"),
        (("diffusion", "LiCoO2", "-T", "800", "--trajectory", "absent.traj"), "cannot be read"),
    ],
)
def test_bad_input_is_refused(call, arguments, words):
    """Exit code 2 and a message."""
    outcome = call("atomistic", *arguments)
    assert outcome.code == 2
    assert words in outcome.err


def test_end_states_that_are_the_same_are_refused(call, tmp_path):
    """A hop of one's own needs two states."""
    path = tmp_path / "one.extxyz"
    ase.io.write(path, bulk("MgO", "rocksalt", a=4.2))
    outcome = call("atomistic", "barrier", path, "--final", path, "-p", "lewis_catlow_1985", "-o", "out")
    assert outcome.code == 2
    assert "end states are the same" in outcome.err


def walk(path, diffusivity, seed, frames=600):
    """Lithium that walks at random in a plane [A2/ps], in a still host, a frame every 0.1 ps."""
    steps = np.random.default_rng(seed).standard_normal((frames, 8, 3)) * np.sqrt(0.2 * diffusivity)
    steps[..., 2] = 0.0
    places = np.cumsum(steps, axis=0) + 5.0
    host = Atoms("O8", np.random.default_rng(0).random((8, 3)) * 10, cell=[10, 10, 10], pbc=True)
    ase.io.write(path, [host + Atoms("Li8", p, cell=host.cell, pbc=True) for p in places])


def test_trajectories_end_in_an_arrhenius_card(call, tmp_path):
    """Three trajectories with an activation energy of 0.3 eV."""
    arguments = []
    for number, t in enumerate((700.0, 900.0, 1200.0)):
        path = tmp_path / f"{t:g}.extxyz"
        walk(path, 100.0 * np.exp(-0.3 / (8.617333e-5 * t)), number)
        arguments += ["-T", f"{t:g}", "--trajectory", path]
    outcome = call("atomistic", "diffusion", "LiCoO2", *arguments, "--frame-time", "0.1", "-o", "out")
    assert outcome.code == 0, outcome.err
    card = PropertyCard.read(tmp_path / "out" / "diffusivity.json")
    assert card.name == "Active diffusivity [m2.s-1]"
    assert abs(card.activation_energy - 0.3 * 96485.33) < 4 * card.activation_energy_uncertainty
    table = pd.read_csv(tmp_path / "out" / "diffusivities.csv")
    assert table["resolved"].tolist() == [True, False] * 3
    assert (tmp_path / "out" / "arrhenius.png").exists()


def test_too_few_hops_end_in_a_bound(call, tmp_path):
    """Lithium that stays has no diffusivity: exit code 2, but the table is there."""
    walk(tmp_path / "still.extxyz", 1e-6, 1)
    arguments = ("--trajectory", tmp_path / "still.extxyz", "--frame-time", "0.1", "-o", "out")
    outcome = call("atomistic", "diffusion", "LiCoO2", "-T", "700", *arguments)
    assert outcome.code == 2
    assert "all that is known is D <" in outcome.err
    assert (tmp_path / "out" / "diffusivities.csv").exists()
