"""Formulas: only what is listed is read, and it means what it says."""

import jax
import numpy as np
import pytest

from microcell.errors import ParameterError
from microcell.exchange.laws import Arrhenius, Entropic, Formula, Table
from microcell.parameters import ArrheniusConstant, Constant
from microcell.parameters.constants import R

X = np.linspace(0.05, 0.95, 19)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.9793 * exp(-39.3631 * x) + 0.2482", 1.9793 * np.exp(-39.3631 * X) + 0.2482),
        ("-x**2", -(X**2)),
        ("2**-x / 3 - -x", 2.0**-X / 3 + X),
        ("(x - 0.5)**2 - (x - 0.5)**3", (X - 0.5) ** 2 - (X - 0.5) ** 3),
        ("tanh(30*(x-0.5)) * cosh(x) - sqrt(x)", np.tanh(30 * (X - 0.5)) * np.cosh(X) - np.sqrt(X)),
        ("3.3E-14", np.full(X.shape, 3.3e-14)),
    ],
)
def test_formulas_mean_what_python_says(text, expected):
    law = Formula.read(text)
    np.testing.assert_allclose(law(X, 298.15), expected, rtol=1e-14)
    np.testing.assert_allclose(Formula.read(law.text)(X, 298.15), expected, rtol=1e-14)
    assert np.all(np.isfinite(jax.vmap(jax.grad(lambda x: law(x, 298.15)))(X)))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "x.real", "exit(1)", "open(x)", "x if x else 1", "lambda: 1",
        "[x]", "x[0]", "True", "'x'", "1j", "y + 1", "x and x", "exp(x, y=1)", "(x", "", "x; x", "1e999",
        "9**9**9**9", "x < 1", "exp", "(" * 500 + "x" + ")" * 500,
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ParameterError, match="formula"):
        Formula.read(text)


def test_formulas_that_differ_in_numbers_share_a_program():
    one, other = Formula.read("2.5 * x + exp(0.1 * x)"), Formula.read("3.5 * x + exp(-0.2*x)")
    assert jax.tree.structure(one) != jax.tree.structure(other)  # the sign is part of the form
    other = Formula.read("3.5*x + exp(0.2*x)")
    assert jax.tree.structure(one) == jax.tree.structure(other)
    slope = jax.grad(lambda law: law(0.5, 298.15), allow_int=True)(one)
    np.testing.assert_allclose(slope.numbers, [0.5, 0.5 * np.exp(0.05)], rtol=1e-14)


def test_linear_tables_are_straight_everywhere_and_keep_their_rows():
    table = Table.through([0.9, 0.1, 0.4], [1.0, 3.0, 2.5], "x")
    np.testing.assert_allclose(
        table(np.array([0.1, 0.25, 0.65, 0.9, 0.95]), 300.0), [3.0, 2.75, 1.75, 1.0, 0.85], rtol=1e-14
    )
    np.testing.assert_array_equal(table.values, [3.0, 2.5, 1.0])


@pytest.mark.parametrize("method", ["pchip", "cubic"])
def test_smooth_tables_reproduce_what_they_can(method):
    x = np.linspace(0.1, 0.9, 33)
    table = Table.through(x, 2 - x**2, "x", method)
    np.testing.assert_allclose(
        table(X[1:-1], 300.0), 2 - X[1:-1] ** 2, rtol=1e-3 if method == "pchip" else 1e-13
    )


@pytest.mark.parametrize("rows", [([0.1], [1.0]), ([0.1, 0.1], [1.0, 2.0]), ([0.1, 0.2], [1.0, np.nan])])
def test_bad_tables_are_refused(rows):
    with pytest.raises(ParameterError, match="interpolated"):
        Table.through(*rows)


def test_temperature_enters_as_bpx_defines_it():
    T, reference, energy = 310.0, 298.15, 25000.0
    factor = np.exp(energy / R * (1 / reference - 1 / T))
    law = Formula.read("1 + x")
    np.testing.assert_allclose(Arrhenius(law, energy, reference)(X, T), (1 + X) * factor, rtol=1e-14)
    np.testing.assert_allclose(
        Entropic(law, Constant(1e-3), reference)(X, T), 1 + X + 1e-3 * 11.85, rtol=1e-14
    )
    constant = ArrheniusConstant(1.0, energy, reference)
    np.testing.assert_allclose(Arrhenius(Constant(1.0), energy, reference)(X, T), constant(X, T), rtol=1e-15)
