"""Formulas as text: parsed against a list of what is allowed, evaluated with any arithmetic.

Nothing is ever passed to ``eval``: the text becomes a syntax tree of numbers, names, ``+ - * / **`` and calls
of listed functions, and the tree is walked with the functions of `jax.numpy` or of PyBaMM.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

from ..errors import ParameterError

BPX_FUNCTIONS = ("exp", "tanh", "cosh")
"""What a function of a BPX file may call (the `bpx` package and PyBaMM read these)."""

FUNCTIONS = (
    *BPX_FUNCTIONS, "sinh", "log", "sqrt", "abs", "sin", "cos", "arctan", "arcsinh", "minimum", "maximum",
)  # fmt: skip
"""What a formula may call."""

PARTS = "part"
"""Other laws that a formula calls are named ``part0``, ``part1``, ..."""

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: dict[type, Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


@cache
def parse(text: str, names: tuple[str, ...] = ("x",)) -> ast.expr:
    """Read a formula.

    Parameters
    ----------
    text : str
        In Python's syntax.
    names : tuple of str
        The variables that may occur.

    Returns
    -------
    ast.expr
        The syntax tree; shared, so not to be changed.

    Raises
    ------
    ParameterError
        If the text is no formula, or holds anything but numbers, the names, ``+ - * / **`` and `FUNCTIONS`.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check(tree, names, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(text, names, f"it cannot be read: {error}") from error
    return tree


def _check(node: ast.AST, names: Collection[str], text: str) -> None:
    """Refuse what is not on the list, however deep."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left, names, text)
            _check(right, names, text)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            _check(operand, names, text)
        case ast.Constant(value=int() | float() as value) if type(value) is not bool and _is_finite(value):
            pass
        case ast.Name(id=name) if name in names:
            pass
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if _may_call(name):
            for argument in args:
                _check(argument, names, text)
        case _:
            raise _refused(text, names, f"'{ast.unparse(node)}' is not allowed in it")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _may_call(name: str) -> bool:
    return name in FUNCTIONS or (name.startswith(PARTS) and name.removeprefix(PARTS).isdigit())


def _refused(text: str, names: Collection[str], why: str) -> ParameterError:
    return ParameterError(
        f"This is not a formula: {why}",
        value=text if len(text) < 200 else f"{text[:200]}...",
        allowed=f"numbers, {', '.join(names)}, + - * / **, and {', '.join(FUNCTIONS)}",
        fix="write the function with these, or give a table of x and y",
    )


def evaluate(tree: ast.expr, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    """Evaluate a formula.

    Parameters
    ----------
    tree : ast.expr
        From `parse`.
    values : mapping
        The variables: arrays, symbols, anything with arithmetic.
    functions : mapping
        The functions by name.
    """
    match tree:
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as power)) if (
            power == int(power)
        ):
            return evaluate(left, values, functions) ** int(power)
        case ast.BinOp(left=left, op=op, right=right):
            combine = _BINARY[type(op)]
            return combine(evaluate(left, values, functions), evaluate(right, values, functions))
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](evaluate(operand, values, functions))
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id=name), args=args):
            return functions[name](*(evaluate(argument, values, functions) for argument in args))
    raise AssertionError(f"parse lets no {type(tree).__name__} pass")


def called(tree: ast.expr) -> set[str]:
    """Return the names of the functions that a formula calls."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def mentions(tree: ast.expr, name: str) -> bool:
    """Tell whether a formula depends on a variable."""
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


class _Lift(ast.NodeTransformer):
    """Replace numbers by names; exponents stay, their derivative and sign rules need the number itself."""

    def __init__(self) -> None:
        self.numbers: list[float] = []

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        self.numbers.append(float(node.value))  # type: ignore[arg-type]
        return ast.Name(f"n{len(self.numbers) - 1}", ast.Load())

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        if isinstance(node.op, ast.Pow) and not mentions_any(node.right):
            return ast.BinOp(self.visit(node.left), node.op, node.right)
        return ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))

    def visit_Call(self, node: ast.Call) -> ast.Call:
        return ast.Call(node.func, [self.visit(argument) for argument in node.args], [])


def mentions_any(tree: ast.expr) -> bool:
    """Tell whether a formula holds any variable or call."""
    return any(isinstance(node, ast.Name) for node in ast.walk(tree))


def lift(tree: ast.expr) -> tuple[str, list[float]]:
    """Return the form of a formula with its numbers as names ``n0, n1, ...``, and the numbers."""
    lifted = _Lift()
    return ast.unparse(lifted.visit(_copy(tree))), lifted.numbers


def lower(form: str, names: tuple[str, ...], numbers: Mapping[str, float]) -> str:
    """Return a formula with numbers in place of some of its names."""
    return ast.unparse(_Lower(numbers).visit(_copy(parse(form, names))))


class _Lower(ast.NodeTransformer):
    """Replace names by numbers."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self.numbers = numbers

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return number(self.numbers[node.id]) if node.id in self.numbers else node


def number(value: float) -> ast.expr:
    """Return the syntax of a number; a sign is an operator there, so that brackets come out right."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _copy(tree: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(tree), mode="eval").body
