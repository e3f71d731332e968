"""Any law as a formula: what JAX records when it calls the law is written down as text.

So a law is exported by what it computes, not by a second description of it that could differ.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.extend import core

from ..parameters.law import CONCENTRATION_LIMITS, STOICHIOMETRY_LIMITS, Law
from . import expression
from .laws import Argument, Formula

_LONGEST = 20_000
_INFIX: dict[str, type[ast.operator]] = {
    "add": ast.Add, "add_any": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "pow": ast.Pow,
}  # fmt: skip
_CALLS = {"exp", "tanh", "cosh", "sinh", "log", "abs", "sin", "cos"}
_NAMED = {"max": "maximum", "min": "minimum", "asinh": "arcsinh", "atan": "arctan"}
_SAME = {"convert_element_type", "copy", "stop_gradient"}
_INNER = {"jit", "pjit", "custom_jvp_call", "closed_call"}


class NotAFormulaError(ValueError):
    """The law uses an operation that no formula has."""


def traced(law: Law, argument: Argument, T: float | None = None) -> Formula:
    """Write a law down as a formula; the limits that laws set to their arguments are left out.

    Parameters
    ----------
    law : Law
        Any law of one argument and T.
    argument : str
        What it depends on.
    T : float, optional
        Temperature to hold it at [K]; left out, the formula depends on T.

    Raises
    ------
    NotAFormulaError
        If the law holds a table, a choice or anything else that no formula has, or if the formula differs
        from the law by more than rounding.
    """
    x = np.float64(0.5 if argument == "x" else 1000.0)
    with jax.enable_x64(True):
        if T is None:
            closed = jax.make_jaxpr(lambda a, t: law(a, t))(x, np.float64(298.15))
        else:
            closed = jax.make_jaxpr(lambda a: law(a, T))(x)
        names = [ast.Name("x", ast.Load()), ast.Name("T", ast.Load())][: len(closed.jaxpr.invars)]
        (result,) = _written(closed.jaxpr, closed.consts, names)
    text = ast.unparse(_tree(result))
    if len(text) > _LONGEST:
        raise NotAFormulaError(f"the formula would have {len(text)} characters")
    formula = Formula.read(text, argument)
    _check_same(law, formula, argument, (T,) if T is not None else (280.0, 298.15, 310.0))
    return formula


def _check_same(law: Law, formula: Formula, argument: Argument, temperatures: tuple[float, ...]) -> None:
    low, high = STOICHIOMETRY_LIMITS if argument == "x" else CONCENTRATION_LIMITS
    x = np.linspace(low, high, 501)
    with jax.enable_x64(True):
        for T in temperatures:
            given, written = (np.asarray(f(x, np.float64(T))) for f in (law, formula))
            if not np.allclose(written, given, rtol=1e-9, atol=1e-13 * np.abs(given).max(initial=0.0)):
                raise NotAFormulaError("the formula differs from the law")


def _written(jaxpr: core.Jaxpr, constants: Any, arguments: list[Any]) -> list[Any]:
    """Go through the operations; a value is a number, or the syntax of what depends on x or T."""
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, constants, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))

    def value(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        inputs = [value(atom) for atom in equation.invars]
        known.update(zip(equation.outvars, _operation(equation, inputs), strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _operation(equation: Any, inputs: list[Any]) -> list[Any]:
    """Write one operation down."""
    name, parameters = equation.primitive.name, equation.params
    if not any(isinstance(one, ast.AST) for one in inputs):
        result = equation.primitive.bind(*inputs, **parameters)
        return list(result) if equation.primitive.multiple_results else [result]
    if name in _INNER:
        return _inner(equation, inputs)
    if name in _SAME or (name == "broadcast_in_dim" and parameters["shape"] == ()):
        return [inputs[0]]
    trees = [_tree(one) for one in inputs]
    if name == "integer_pow":
        return [ast.BinOp(trees[0], ast.Pow(), expression.number(parameters["y"]))]
    if name in _INFIX:
        return [ast.BinOp(trees[0], _INFIX[name](), trees[1])]
    if name in _CALLS or name in _NAMED:
        return [_call(_NAMED.get(name, name), *trees)]
    if name in _FORMS:
        return [_FORMS[name](*trees)]
    raise NotAFormulaError(f"no formula has the operation '{name}'")


def _inner(equation: Any, inputs: list[Any]) -> list[Any]:
    """Write a function within the law down."""
    parameters = equation.params
    function = parameters.get("name")
    if function == "clip" and any(_same(inputs[1:], limits) for limits in _LIMITS):
        return [inputs[0]]
    if function == "softplus":  # the law's own rule avoids overflow by a choice, which no formula has
        return [_call("log", _plus(1.0, _call("exp", _tree(inputs[0]))))]
    closed = parameters.get("jaxpr", parameters.get("call_jaxpr"))
    return _written(closed.jaxpr, closed.consts, inputs)


_LIMITS = (STOICHIOMETRY_LIMITS, CONCENTRATION_LIMITS)


def _same(inputs: list[Any], limits: tuple[float, float]) -> bool:
    return not any(isinstance(one, ast.AST) for one in inputs) and tuple(map(float, inputs)) == limits


def _tree(value: Any) -> ast.expr:
    if isinstance(value, ast.expr):
        return value
    if np.ndim(value) != 0 or not np.isfinite(value):
        raise NotAFormulaError("the law works with arrays or infinite numbers")
    return expression.number(float(value))


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _plus(number: float, tree: ast.expr) -> ast.expr:
    return ast.BinOp(expression.number(number), ast.Add(), tree)


def _negative(tree: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), tree)


_FORMS: dict[str, Callable[..., ast.expr]] = {
    "neg": _negative,
    "sqrt": lambda tree: ast.BinOp(tree, ast.Pow(), ast.Constant(0.5)),  # a function BPX does not have
    "square": lambda tree: ast.BinOp(tree, ast.Pow(), ast.Constant(2)),
    "log1p": lambda tree: _call("log", _plus(1.0, tree)),
    "expm1": lambda tree: ast.BinOp(_call("exp", tree), ast.Sub(), ast.Constant(1.0)),
    "logistic": lambda tree: ast.BinOp(
        ast.Constant(1.0), ast.Div(), _plus(1.0, _call("exp", _negative(tree)))
    ),
}
