"""Laws as PyBaMM symbols, and PyBaMM symbols as laws."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import optional
from ..parameters import ArrheniusConstant, Constant, Law, TablePotential
from ..parameters.constants import R
from ..parameters.law import CONCENTRATION_LIMITS, STOICHIOMETRY_LIMITS
from . import expression
from .dense import tabulated
from .laws import Argument, Arrhenius, Entropic, Formula, Table
from .tracing import NotAFormulaError, traced

_OPERATORS: dict[str, type[ast.operator]] = {
    "Addition": ast.Add,
    "Subtraction": ast.Sub,
    "Multiplication": ast.Mult,
    "Division": ast.Div,
    "Power": ast.Pow,
}
_CALLS = {
    "Exp": "exp", "Tanh": "tanh", "Cosh": "cosh", "Sinh": "sinh", "Log": "log", "Sqrt": "sqrt",
    "AbsoluteValue": "abs", "Sin": "sin", "Cos": "cos", "Arctan": "arctan", "Arcsinh": "arcsinh",
    "Minimum": "minimum", "Maximum": "maximum",
}  # fmt: skip
_ROWS = 2001


def law_of(symbol: Any, argument: Argument, T: float, name: str, notes: list[str]) -> Any:
    """Return a symbol of the inputs "x" and "T" as a number or law.

    Parameters
    ----------
    symbol : pybamm.Symbol
        Processed, so that nothing but the inputs is left open.
    argument : str
        What "x" is.
    T : float
        Where a table has to stand for it: the temperature it is taken at [K].
    name : str
        For the note on such a table.
    notes : list of str
        Gets that note.
    """
    parts: list[Table] = []
    try:
        tree = _tree(symbol, argument, parts)
    except NotAFormulaError as error:
        return _sampled(symbol, argument, T, f"{name}: {error}", notes)
    if ast.unparse(tree) == f"{expression.PARTS}0(x)":
        return parts[0]
    if not expression.mentions_any(tree):
        return float(symbol.evaluate())
    return Formula.read(ast.unparse(tree), argument, tuple(parts))


def _tree(symbol: Any, argument: Argument, parts: list[Table]) -> ast.expr:
    """Write a symbol down as a formula; tables are collected."""
    pybamm, kind = optional.load("pybamm", "exchange"), type(symbol).__name__
    if isinstance(symbol, pybamm.Scalar):
        return expression.number(float(symbol.value))
    if isinstance(symbol, pybamm.InputParameter) and symbol.name in ("x", "T"):
        return ast.Name(symbol.name, ast.Load())
    below = [_tree(child, argument, parts) for child in symbol.children]
    if kind in _OPERATORS:
        return ast.BinOp(below[0], _OPERATORS[kind](), below[1])
    if kind == "Negate":
        return ast.UnaryOp(ast.USub(), below[0])
    if kind in _CALLS:
        return ast.Call(ast.Name(_CALLS[kind], ast.Load()), below, [])
    if isinstance(symbol, pybamm.Interpolant) and len(below) == 1 and not symbol._num_derivatives:
        parts.append(Table.through(symbol.x[0], np.ravel(symbol.y), argument, symbol.interpolator))
        return ast.Call(ast.Name(f"{expression.PARTS}{len(parts) - 1}", ast.Load()), below, [])
    raise NotAFormulaError(f"PyBaMM's '{kind}' is no part of a formula")


def _sampled(symbol: Any, argument: Argument, T: float, what: str, notes: list[str]) -> Table:
    """Stand a table in for a symbol."""
    low, high = STOICHIOMETRY_LIMITS if argument == "x" else CONCENTRATION_LIMITS
    x = np.linspace(low, high, 2 * _ROWS - 1)
    y = np.array([float(np.squeeze(symbol.evaluate(inputs={"x": one, "T": T}))) for one in x])
    table = Table.through(x[::2], y[::2], argument, "pchip")
    error = np.abs(np.asarray(table.at(x)) - y).max() / np.abs(y).max()
    notes.append(f"{what}: a table of {_ROWS} rows at {T:g} K, within {error:.1e} of its largest value")
    return table


def symbol_of(law: Law, argument: Argument, x: Any, T: Any, sample: float, notes: list[str]) -> Any:
    """Return a law as an expression of PyBaMM.

    Parameters
    ----------
    law : Law
        The law.
    argument : str
        What x is.
    x, T : pybamm.Symbol or float
        Argument and temperature [K].
    sample : float
        Where a table has to stand for the law: the temperature it is taken at [K].
    notes : list of str
        Gets a note on such a table.
    """
    match law:
        case Constant():
            return float(law.value)
        case Arrhenius() | ArrheniusConstant():
            at = float(law.reference_temperature)
            inner = law.law if isinstance(law, Arrhenius) else Constant(law.value)
            exponent = float(law.activation_energy) / R * (1.0 / at - 1.0 / T)
            scale = optional.load("pybamm", "exchange").exp(exponent)
            return symbol_of(inner, argument, x, T, sample, notes) * scale
        case Entropic():
            parts = (symbol_of(part, argument, x, T, sample, notes) for part in (law.law, law.change))
            potential, change = parts
            return potential + (T - float(law.reference_temperature)) * change
        case Table() | TablePotential():
            return _interpolant(law)(x)
        case Formula():
            return _evaluated(law, x, T)
    try:
        return _evaluated(traced(law, argument), x, T)
    except NotAFormulaError:
        knots, values, error = tabulated(law, argument, sample)
        notes.append(f"a table of {knots.size} rows, within {error:.1e} of its largest value")
        return _interpolant(Table.through(knots, values, argument))(x)


def _evaluated(law: Formula, x: Any, T: Any) -> Any:
    """Return a formula as an expression."""
    tables = {f"{expression.PARTS}{k}": _interpolant(part) for k, part in enumerate(law.parts)}
    tree = expression.parse(law.text, ("x", "T"))
    return expression.evaluate(tree, {"x": x, "T": T}, _functions() | tables)


def _interpolant(table: Table | TablePotential) -> Callable[[Any], Any]:
    """Return a table as a function."""
    method = table.method if isinstance(table, Table) else "pchip"
    knots, values = np.asarray(table.knots), np.append(table.pieces[3], table.end_values[1])
    interpolant = optional.load("pybamm", "exchange").Interpolant
    return lambda x: interpolant(knots, values, x, interpolator=method)


def _functions() -> dict[str, Callable[..., Any]]:
    pybamm = optional.load("pybamm", "exchange")
    return {name: abs if name == "abs" else getattr(pybamm, name) for name in expression.FUNCTIONS}
