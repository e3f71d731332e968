"""Built-in models, their tables and cards, and files that are refused."""

from pathlib import Path

import numpy as np
import pytest

from microcell.atomistic.kmc import Model, Settings, builtin_names, sample_isotherm, transport_table
from microcell.atomistic.kmc.figures import draw
from microcell.errors import AtomisticError
from microcell.parameters.catalogue import read_table
from microcell.parameters.constants import K_B_EV

from .models import toy

QUICK = Settings(size=6, replicas=512, groups=8, tolerance=0.1)


def test_builtin_models() -> None:
    assert builtin_names() == ["disordered_rocksalt", "layered", "lithium_rich_rocksalt"]
    for name in builtin_names():
        assert len(Model.builtin(name).references()) >= 4


def test_layered_potential_is_the_measured_one() -> None:
    """The calibrated mean field gives the NMC811 table back within 10 mV."""
    isotherm = sample_isotherm(Model.builtin("layered"), 298.15, size=6, replicas=16, sweeps=400)
    x, potential = read_table("nmc811_ocp_sturm2019.csv")
    inside = (x > 0.22) & (x < 0.95)
    error = -isotherm.chemical_potential(x[inside]).value - potential[inside]
    assert np.sqrt((error**2).mean()) < 0.005
    assert np.abs(error).max() < 0.015


def test_table_makes_cards(tmp_path: Path) -> None:
    """Free lithium: D = Theta D_J = D0 N/(N - 1) at every content."""
    table = transport_table(toy(), [0.25, 0.75], 300.0, QUICK)
    cards = table.cards()
    assert set(cards) == {"diffusivity", "potential"}
    card = cards["diffusivity"]
    exact = 1.5 * 1e13 * np.exp(-0.3 / (K_B_EV * 300.0)) * 1e-20 * 36 / 35
    assert np.all(np.abs(np.array(card.values) - exact) < 4 * np.array(card.uncertainty))
    law = card.law()
    assert float(law(0.25, 300.0)) == pytest.approx(card.values[0], rel=1e-9)
    draw(table).savefig(tmp_path / "table.png")
    assert list(table.frame()["Lithium content"]) == [0.25, 0.75]


def test_card_of_a_closed_network_is_refused() -> None:
    model = toy("fcc", "tetrahedra", (0.3, np.inf, np.inf), blocked=0.8)
    table = transport_table(model, [0.45, 0.5], 300.0, QUICK)
    with pytest.raises(AtomisticError, match="gets nowhere"):
        table.cards()


def test_bad_contents() -> None:
    for contents in ([0.5], [0.7, 0.5], [0.1, 0.5]):
        with pytest.raises(AtomisticError, match=r"0\.215685 to 0\.98"):
            transport_table(Model.builtin("layered"), contents, settings=QUICK)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(AtomisticError, match="did you mean 'layered'"):
        Model.read("layerd")
    with pytest.raises(AtomisticError, match="check the path"):
        Model.read(tmp_path / "none.toml")
    text = Path(str(__file__)).parents[3] / "microcell/atomistic/kmc/data/disordered_rocksalt.toml"
    bad = tmp_path / "bad.toml"
    bad.write_text(text.read_text().replace("value = 2.95e-10", "value = 2.95"))
    with pytest.raises(AtomisticError, match="spacing_m"):
        Model.read(bad)
    bad.write_text(text.read_text().replace('standing = "assumed"', 'standing = "guess"'))
    with pytest.raises(AtomisticError, match="standing"):
        Model.read(bad)
    bad.write_text("title = ")
    with pytest.raises(AtomisticError, match="TOML"):
        Model.read(bad)
