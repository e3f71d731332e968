"""``microcell atomistic kmc``: cards, tables and a picture from a small lattice, and refused options."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import Outcome

from microcell.atomistic.kmc import Model
from microcell.atomistic.kmc.lattice import data_text
from microcell.parameters import PropertyCard
from microcell.parameters.constants import F

Call = Callable[..., Outcome]
QUICK = ("--size", "4", "--replicas", "512", "--tolerance", "0.1", "--lithiation", "0.5,0.8")


def test_cards_with_activation_energy(call: Call, tmp_path: Path) -> None:
    """All divacancy barriers are 0.3 eV, and so is about the activation energy, pair energies aside.

    Close temperatures share compiled code.
    """
    options = ("--temperature", "338", "--activation", "330", "--activation", "346", "--seed", "3")
    shown = call("atomistic", "kmc", "layered", *QUICK, *options, "--out", str(tmp_path))
    assert shown.code == 0, shown.err
    card = PropertyCard.read(tmp_path / "diffusivity.json")
    assert (card.temperature, card.validity["T"]) == (338.0, (330.0, 346.0))
    assert card.activation_energy == pytest.approx(0.3 * F, rel=0.6)
    assert card.activation_energy_uncertainty > 0
    assert card.points == pytest.approx((0.5, 13 / 16), abs=1e-12)
    table = pd.read_csv(tmp_path / "transport.csv")
    np.testing.assert_allclose(table["Chemical diffusivity [m2.s-1]"], card.values, rtol=1e-12)
    assert (table["Chemical diffusivity error [m2.s-1]"] > 0).all()
    warm = pd.read_csv(tmp_path / "transport-346K.csv")
    assert (warm["Jump diffusivity [m2.s-1]"] > table["Jump diffusivity [m2.s-1]"]).all()
    assert PropertyCard.read(tmp_path / "potential.json").unit == "V"
    assert (tmp_path / "transport.png").stat().st_size > 10_000


def test_model_from_a_file(call: Call, tmp_path: Path) -> None:
    """A rocksalt without closed tetrahedra, with tracers; its energies mean no potential, so no such card."""
    text = data_text("disordered_rocksalt.toml")
    (tmp_path / "mine.toml").write_text(text.replace("[0.3, 0.5, inf]", "[0.3, 0.3, 0.3]"), encoding="utf-8")
    options = ("--size", "4", "--replicas", "256", "--tolerance", "0.2", "-x", "0.5,0.6", "--tracers")
    shown = call("atomistic", "kmc", "mine.toml", *options, "--out", str(tmp_path / "kmc"))
    assert shown.code == 0, shown.err
    assert not (tmp_path / "kmc/potential.json").exists()
    table = pd.read_csv(tmp_path / "kmc/transport.csv")
    assert (table["Tracer diffusivity [m2.s-1]"] > 0).all()
    name = Model.builtin("disordered_rocksalt").diffusivity_name
    assert PropertyCard.read(tmp_path / "kmc/diffusivity.json").name == name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["layerd"], "did you mean 'layered'"),
        (["layered", "--activation", "320"], "three temperatures"),
        (["layered", "--lithiation", "0.3-0.5"], "--lithiation"),
        (["layered", "--replicas", "100"], "multiple of 16"),
        (["none.toml"], "check the path"),
    ],
)
def test_refused(call: Call, options: list[str], words: str) -> None:
    shown = call("atomistic", "kmc", *options)
    assert shown.code == 2
    assert words in shown.err
    assert not list(Path.cwd().iterdir())
