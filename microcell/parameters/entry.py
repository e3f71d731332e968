"""What is known about one parameter, and how a user's value for it is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import equinox as eqx
import jax
import numpy as np
from pydantic import BaseModel, ConfigDict

from microcell.errors import ParameterError, did_you_mean
from microcell.parameters.catalogue import Standing, laws_of
from microcell.parameters.law import Constant, Law, UserLaw, as_leaf
from microcell.parameters.units import bracket_unit, quantity

Value = float | str | Law | Callable[[Any, Any], Any]
"""A number in the unit of the name, the name of a law, a law (any `equinox.Module` that can be called like
one), or a user's function ``f(x or c, T)``."""

_PROBE = {"x": np.array([0.3, 0.5, 0.9]), "c": np.array([500.0, 1000.0, 1500.0])}


class Entry(BaseModel):
    """A parameter as its set defines it.

    Attributes
    ----------
    name : str
        The name with its unit in brackets.
    value : float or str or None
        Number or law name; None where ``follows`` names the parameter to take it from.
    kind, argument : str or None
        For a property law: which laws can be named, and whether it is called with "x" or "c".
    follows : str or None
        The parameter whose value counts as long as this one is not set.
    range : (float, float)
        Allowed numbers, ends included, in the unit of the name.
    standing, source, note : str
        "sourced", "calibrated" or "assumed", from what, and remarks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float | str | None = None
    kind: str | None = None
    argument: str | None = None
    follows: str | None = None
    range: tuple[float, float]
    standing: Standing = "sourced"
    source: str = ""
    note: str = ""

    @property
    def unit(self) -> str:
        """The unit in the brackets of the name; "" for a dimensionless parameter."""
        return bracket_unit(self.name)

    def parse(self, given: Any) -> Value:
        """Read a user's value.

        Raises
        ------
        ParameterError
            If it has the wrong type, unit or dimension, is not finite, is out of range, or names no law.
        """
        if isinstance(given, str) and self.kind is not None:
            return self._law_name_or_number(given)
        if callable(given):
            return self._function(given)
        return self._number(given)

    def _number(self, given: Any) -> float:
        """Read a number or a quantity and hold it against the range."""
        value, (low, high) = quantity(given, self.unit, key=self.name), self.range
        if not low <= value <= high:
            raise ParameterError(
                "The value lies outside of the allowed range",
                key=self.name,
                value=given,
                allowed=f"{low:g} to {high:g} {self.unit}".rstrip(),
                fix="check the unit of the value; numbers are in the unit of the name",
            )
        return value

    def _law_name_or_number(self, given: str) -> Value:
        """Read the name of a law; a text that starts like a number is a constant."""
        laws = laws_of(self.kind or "")
        if given in laws:
            return given
        if given.strip()[:1].isdigit() or given.strip()[:1] in {"+", "-", "."}:
            return self._number(given)
        restored = given.startswith("<")
        raise ParameterError(
            f"No law is named '{given}'",
            key=self.name,
            value=given,
            allowed=f"{', '.join(laws)}; or a number, or a function of ({self.argument}, T)",
            fix="a function cannot be stored: set it again in Python"
            if restored
            else did_you_mean(given, laws),
        )

    def _function(self, given: Callable[[Any, Any], Any]) -> Value:
        """Accept a law or a function after trying it."""
        if self.kind is None:
            raise ParameterError(
                "This parameter is a number, not a function",
                key=self.name,
                value=repr(given),
                fix="give a number",
            )
        law = given if isinstance(given, eqx.Module) else UserLaw(given)
        _try_law(law, given, self)
        return given


def _try_law(law: Any, given: Any, entry: Entry) -> None:
    """Refuse a law that JAX cannot trace, that holds other things than numbers, or that is not finite."""
    fix = f"write it with jax.numpy as a function of ({entry.argument}, T) that works elementwise on arrays"
    if not all(eqx.is_array_like(leaf) for leaf in jax.tree.leaves(law)):
        raise ParameterError(
            "The law holds something that is not a number",
            key=entry.name,
            value=repr(given),
            fix="mark fields that are not numbers with equinox.field(static=True)",
        )
    probe = _PROBE[entry.argument or "x"]
    try:
        with jax.enable_x64(True):
            values, slopes = jax.jit(
                lambda a: jax.jvp(lambda b: law(b, 298.15), (a,), (jax.numpy.ones_like(a),))
            )(probe)
    except Exception as error:  # a user's function may raise anything
        problem = f"The function for this law cannot be traced by JAX: {type(error).__name__}: {error}"
        raise ParameterError(problem.splitlines()[0], key=entry.name, value=repr(given), fix=fix) from error
    if values.shape != probe.shape or not np.all(np.isfinite(values)) or not np.all(np.isfinite(slopes)):
        raise ParameterError(
            "The law or its derivative is not finite",
            key=entry.name,
            value=f"{np.asarray(values)} at {entry.argument} = {probe}",
            fix=fix,
        )


def as_law(value: Value, kind: str, numbers: dict[str, float]) -> Law:
    """Make the law that a parsed value stands for.

    Parameters
    ----------
    value : number, law name, law or function
        A value that `Entry.parse` has returned.
    kind : str
        The kind of law, for names.
    numbers : dict of str to float
        All numbers of the set.
    """
    if isinstance(value, eqx.Module):
        return cast(Law, jax.tree.map(as_leaf, value))
    if isinstance(value, str):
        used = laws_of(kind)[value].numbers()
        return _named_law(kind, value, tuple((name, numbers[name]) for name in used))
    return UserLaw(value) if callable(value) else Constant(value)


@lru_cache(maxsize=256)
def _named_law(kind: str, name: str, numbers: tuple[tuple[str, float], ...]) -> Law:
    """Make a named law once for the same numbers: thousands of cells are built for a batch."""
    return laws_of(kind)[name].build(dict(numbers))
