"""Laws that come from other programs: formulas, tables, and both with a temperature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from ..errors import ParameterError
from ..parameters.law import Argument, Constant, Law, Leaf, arrhenius, coefficient, limited
from ..parameters.open_circuit import piecewise_cubic
from . import expression

Method = Literal["linear", "pchip", "cubic"]
"""How a table is interpolated."""

JAX_FUNCTIONS: dict[str, Callable[..., Any]] = {name: getattr(jnp, name) for name in expression.FUNCTIONS}


_NUMPY: dict[str, Callable[..., Any]] = {name: getattr(np, name) for name in expression.FUNCTIONS}


class Formula(Law):
    """A formula of x (stoichiometry or concentration [mol.m-3]) and T [K]; its numbers are leaves.

    Make one with `Formula.read`. Two formulas that differ in numbers only share one compiled program.

    Attributes
    ----------
    form : str
        The formula with its numbers as ``n0, n1, ...``. Static.
    numbers : array
        The numbers.
    parts : tuple of Table
        The tables that it calls ``part0, part1, ...``.
    argument : str
        What x is. Static.
    """

    form: str = eqx.field(static=True)
    numbers: Leaf = coefficient()
    parts: tuple[Table, ...] = ()
    argument: Argument = eqx.field(static=True, default="x")

    @classmethod
    def read(cls, text: str, argument: Argument = "x", parts: tuple[Table, ...] = ()) -> Formula:
        """Read a formula in x and T.

        Raises
        ------
        ParameterError
            If it holds anything but numbers, x, T, ``+ - * / **`` and the functions of
            `microcell.exchange.expression.FUNCTIONS`, or overflows.
        """
        tree = expression.parse(text, ("x", "T"))
        form, numbers = expression.lift(tree)
        tables = {f"{expression.PARTS}{k}": np.positive for k in range(len(parts))}
        try:
            with np.errstate(all="ignore"):
                expression.evaluate(tree, {"x": np.float64(0.5), "T": np.float64(298.15)}, _NUMPY | tables)
        except (ArithmeticError, LookupError, TypeError) as error:
            raise ParameterError(
                f"The formula cannot be evaluated: {type(error).__name__}: {error}",
                value=text,
                fix="correct it",
            ) from error
        return cls(form, numbers, parts, argument)

    def names(self) -> tuple[str, ...]:
        """Return the names in the form."""
        return ("x", "T", *(f"n{k}" for k in range(np.size(self.numbers))))

    @property
    def text(self) -> str:
        """The formula with its numbers."""
        numbers = {f"n{k}": float(value) for k, value in enumerate(np.asarray(self.numbers))}
        return expression.lower(self.form, self.names(), numbers)

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate the formula within the limits of the argument."""
        x = limited(argument, self.argument)
        values = {"x": x, "T": T, **{f"n{k}": self.numbers[k] for k in range(np.size(self.numbers))}}
        tables = {f"{expression.PARTS}{k}": part.at for k, part in enumerate(self.parts)}
        tree = expression.parse(self.form, self.names())
        result: jax.Array = expression.evaluate(tree, values, JAX_FUNCTIONS | tables) * jnp.ones_like(x)
        return result


class Table(Law):
    """A table, straight beyond its ends with the slope it ends with. Make one with `Table.through`.

    Attributes
    ----------
    knots : array, shape (n,)
        Arguments.
    pieces : array, shape (4, n - 1)
        Coefficients of the cubics, highest power first.
    end_values, end_slopes : array, shape (2,)
        At both ends.
    argument, method : str
        What it depends on, and how it is interpolated. Static.
    """

    knots: Leaf = coefficient()
    pieces: Leaf = coefficient()
    end_values: Leaf = coefficient()
    end_slopes: Leaf = coefficient()
    argument: Argument = eqx.field(static=True, default="x")
    method: Method = eqx.field(static=True, default="linear")

    @classmethod
    def through(cls, x: Any, y: Any, argument: Argument = "x", method: Method = "linear") -> Table:
        """Interpolate a table; its rows may come in any order.

        Raises
        ------
        ParameterError
            If it has less than two rows, repeats an argument, or is not finite.
        """
        order = np.argsort(np.asarray(x, float))
        x, y = np.asarray(x, float)[order], np.asarray(y, float)[order]
        if x.size < 2 or not (np.all(np.isfinite(y)) and np.all(np.diff(x) > 0)):
            raise ParameterError(
                "The table cannot be interpolated",
                value=f"{x.size} rows, x from {x.min(initial=np.inf):g} to {x.max(initial=-np.inf):g}",
                allowed="two or more rows of finite numbers, each x once",
                fix="remove repeated or missing values",
            )
        pieces, slopes = _cubics(x, y, method)
        return cls(
            x, pieces, y[[0, -1]], slopes, argument, method, ranges=((argument, float(x[0]), float(x[-1])),)
        )

    @property
    def values(self) -> np.ndarray:
        """The values at the knots, shape (n,)."""
        return np.append(self.pieces[3], self.end_values[1])

    def at(self, x: Leaf) -> jax.Array:
        """Interpolate."""
        return piecewise_cubic(self.knots, self.pieces, self.end_slopes, x)

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Interpolate within the limits of the argument; a table holds one temperature, T is not used."""
        return self.at(limited(argument, self.argument))


def _cubics(x: np.ndarray, y: np.ndarray, method: Method) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the pieces, and slopes at both ends."""
    if method == "linear":
        slopes = np.diff(y) / np.diff(x)
        zero = np.zeros(slopes.shape)
        return np.stack([zero, zero, slopes, y[:-1]]), slopes[[0, -1]]
    curve = PchipInterpolator(x, y) if method == "pchip" else CubicSpline(x, y)
    return curve.c, curve.derivative()(x[[0, -1]])


class Arrhenius(Law):
    """A law with an activation energy: ``law exp(Ea/R (1/T_ref - 1/T))``, as in BPX.

    Attributes
    ----------
    law : Law
        At the reference temperature.
    activation_energy, reference_temperature : float
        Ea [J.mol-1] and T_ref [K].
    """

    law: Law
    activation_energy: Leaf = coefficient()
    reference_temperature: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate the law and scale it."""
        return self.law(argument, T) * arrhenius(self.activation_energy, self.reference_temperature, T)


def as_law(value: Any) -> Law:
    """Return a law; a number becomes a constant."""
    return Constant(value) if isinstance(value, float) else value


class Entropic(Law):
    """A potential with an entropic change: ``U = law + (T - T_ref) dU/dT``, as in BPX and PyBaMM.

    Attributes
    ----------
    law, change : Law
        U [V] at the reference temperature and dU/dT [V.K-1].
    reference_temperature : float
        T_ref [K].
    """

    law: Law
    change: Law
    reference_temperature: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate U at T."""
        return self.law(argument, T) + (T - self.reference_temperature) * self.change(argument, T)
