"""A property card in the voxel cell: a card of a constant is the number, and the run keeps the card."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_cells import tiny_cell

from microcell import Experiment, ParameterSet
from microcell.parameters import Origin, PropertyCard
from microcell.simulation import Simulation

D, VALUE = "Active diffusivity [m2.s-1]", 3.2e-15
NMC = ParameterSet.builtin("nmc811")
ORIGIN = Origin.of("constant", {})
SCALAR = PropertyCard.scalar(D, VALUE, 1e-16, origin=ORIGIN)
TABLE = PropertyCard.table(
    D, "x", [0.2, 0.4, 0.6, 0.9], [VALUE] * 4, [1e-16] * 4, origin=ORIGIN, interpolation="log"
)


def after_a_minute(value: object) -> dict[str, float]:
    simulation = Simulation(tiny_cell(NMC.set(D, value)), initial="3.8 V")
    return simulation.step(60.0, current=simulation.cell.one_c_current)


def test_a_card_of_a_number_is_the_number() -> None:
    number, card = after_a_minute(VALUE), after_a_minute(SCALAR)
    assert card | {"Wall time [s]": 0.0} == number | {"Wall time [s]": 0.0}


@pytest.mark.slow
def test_a_table_of_a_constant_is_the_number() -> None:
    number, card = after_a_minute(VALUE), after_a_minute(TABLE)
    for name in ("Voltage [V]", "Minimum surface stoichiometry", "Maximum surface stoichiometry"):
        assert card[name] == pytest.approx(number[name], rel=1e-9)
    assert number["Maximum surface stoichiometry"] - number["Mean stoichiometry"] > 1e-3, "diffusion counts"


def test_a_run_keeps_the_card(tmp_path: Path) -> None:
    cell = tiny_cell(NMC.set(D, SCALAR))
    protocol = Experiment(["Discharge at 1C for 10 s"], initial="3.8 V")
    solution = Simulation(cell, protocol).solve(tmp_path / "run", progress=False)
    (stored,) = [one for one in solution.run["case"]["parameters"] if one["name"] == D]
    assert (stored["value"], stored["uncertainty"], stored["standing"]) == (VALUE, [1e-16], "computed")
    assert NMC.set(D, {"card": stored["card"]}).card(D) == SCALAR
