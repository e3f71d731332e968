"""Built-in laws that are formulas are written down exactly; others become tables with a known error."""

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.exchange.dense import tabulated
from microcell.exchange.laws import Formula, Table
from microcell.exchange.tracing import NotAFormulaError, traced
from microcell.parameters import ParameterSet, UserLaw
from microcell.parameters.catalogue import all_laws

NUMBERS = {name: value for name, value in ParameterSet.builtin("nmc811").items() if isinstance(value, float)}
LAWS = {f"{kind}-{name}": entry for kind, laws in all_laws().items() for name, entry in laws.items()}
ARGUMENTS = {"x": np.linspace(0.0, 1.0, 101), "c": np.linspace(1.0, 4000.0, 101)}


@pytest.mark.parametrize("key", [key for key, entry in LAWS.items() if entry.table is None])
def test_built_in_laws_are_formulas(key):
    law = LAWS[key].build(NUMBERS)
    argument = "c" if key.startswith(("electrolyte", "transference", "thermodynamic")) else "x"
    free, held = traced(law, argument), traced(law, argument, 305.0)
    for formula in (free, held, Formula.read(free.text, argument)):
        expected = np.asarray(law(ARGUMENTS[argument], 305.0))
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            formula(ARGUMENTS[argument], 305.0), expected, rtol=1e-12, atol=1e-14 * scale
        )


def test_tables_and_choices_are_no_formulas():
    table = LAWS["open_circuit-sturm2019_table"].build(NUMBERS)
    step = UserLaw(lambda x, T: jnp.where(x > 0.5, 1.0, 2.0))
    for law in (table, step):
        with pytest.raises(NotAFormulaError):
            traced(law, "x")


@pytest.mark.parametrize("key", ["open_circuit-sturm2019_refit", "open_circuit-sturm2019_table"])
def test_dense_tables_state_their_error(key):
    law = LAWS[key].build(NUMBERS)
    x, y, error = tabulated(law, "x", 298.15)
    assert error < 1e-5
    at = np.linspace(0.0001, 0.9999, 7001)
    difference = np.abs(np.asarray(Table.through(x, y)(at, 298.15) - law(at, 298.15))).max()
    assert difference <= 1.5 * error * np.abs(y).max()
