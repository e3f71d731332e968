"""Names of the numbers of a potential that a fit may vary, and the way from free numbers to the potential."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import AtomisticError, did_you_mean
from ..potential import Parameters, Potential

SCALE = "scale"
"""Name of the factor on all charges."""

_PAIR = re.compile(r"\s*(A|rho|C)\s*\(\s*([^,()]+?)\s*,\s*([^,()]+?)\s*\)\s*")
_ION = re.compile(r"\s*(charge|shell|spring)\s*\(\s*([^,()]+?)\s*\)\s*")
_LOGARITHMIC = ("A", "rho", "spring")
_BOUNDS = {
    "scale": (0.05, 2.0),
    "A": (1e-3, 1e7),
    "rho": (0.03, 1.0),
    "C": (0.0, 1e4),
    "charge": (-6.0, 6.0),
    "shell": (-12.0, 12.0),
    "spring": (0.1, 1e4),
}


@dataclass(frozen=True)
class Free:
    """A number that a fit varies.

    Attributes
    ----------
    name : str
        "scale" (factor on all charges), "A(Ni3+, O2-)", "rho(Ni3+, O2-)", "C(O2-, O2-)", "charge(Ni3+)",
        "shell(O2-)" (charge of the shell), "spring(O2-)"; charges are those before the scale.
    start : float, optional
        First guess; that of the potential where None.
    low, high : float, optional
        Bounds; wide ones of the kind where None.
    same_as : tuple of str
        Further numbers of the same kind that take the same value.
    expected, spread : float, optional
        A prior: the value known from elsewhere, and its standard deviation. For A, rho and spring the spread
        is relative, since their logarithm is what is varied.
    """

    name: str
    start: float | None = None
    low: float | None = None
    high: float | None = None
    same_as: tuple[str, ...] = ()
    expected: float | None = None
    spread: float | None = None

    @property
    def kind(self) -> str:
        """The part of the name before the bracket."""
        return self.name.partition("(")[0].strip()

    @property
    def logarithmic(self) -> bool:
        """Whether the fit varies the logarithm: for numbers that are positive and span decades."""
        return self.kind in _LOGARITHMIC


class FreeParameters:
    """The free numbers of a potential in the order given, as a vector.

    Parameters
    ----------
    potential : Potential
        Where all other numbers come from, with charges before the scale.
    free : sequence of Free or str
        What varies.
    scale : float
        Factor on all charges where it does not vary.

    Raises
    ------
    AtomisticError
        If a name is not understood, or the potential has no such number, or one is named twice.
    """

    def __init__(self, potential: Potential, free: Sequence[Free | str], *, scale: float = 1.0) -> None:
        given = [Free(item) if isinstance(item, str) else item for item in free]
        self.potential, self.scale = potential, float(scale)
        self._base = potential.parameters
        self._targets = [[_locate(potential, n) for n in (f.name, *f.same_as)] for f in given]
        flat = [target for targets in self._targets for target in targets]
        if len(set(flat)) != len(flat):
            raise AtomisticError("A number is free twice", key="free", value=", ".join(f.name for f in given))
        self.free = [self._filled(f, t[0]) for f, t in zip(given, self._targets, strict=True)]

    def __len__(self) -> int:
        """Number of free numbers."""
        return len(self.free)

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return [f.name for f in self.free]

    @property
    def start(self) -> np.ndarray:
        """The vector at the start."""
        return np.array([_inside(f, float(f.start or 0.0)) for f in self.free])

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of the vector."""
        return (
            np.array([_inside(f, float(f.low if f.low is not None else -np.inf)) for f in self.free]),
            np.array([_inside(f, float(f.high if f.high is not None else np.inf)) for f in self.free]),
        )

    def values(self, theta: np.ndarray) -> np.ndarray:
        """Return the free numbers themselves for a vector."""
        return np.array([np.exp(t) if f.logarithmic else t for f, t in zip(self.free, theta, strict=True)])

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        """Return the derivative of `values` by the vector, number by number."""
        return np.where([f.logarithmic for f in self.free], self.values(theta), 1.0)

    def parameters(self, theta: np.ndarray) -> Parameters:
        """Return the numbers of the potential for a vector."""
        return self._scaled(*self._unscaled(theta))

    def tangents(self, theta: np.ndarray) -> Parameters:
        """Return the derivatives of `parameters` by the vector, with a leading axis (free, ...)."""
        scale, numbers = self._unscaled(theta)
        rows = []
        for targets, slope in zip(self._targets, self.slopes(theta), strict=True):
            change = {key: np.zeros_like(value) for key, value in numbers.items()}
            scale_change = 0.0
            for field, index in targets:
                if field == SCALE:
                    scale_change = slope
                else:
                    change[field][index] = slope
            moved = self._scaled(scale, change)
            by_scale = self._scaled(scale_change, numbers).charge
            rows.append(moved._replace(charge=moved.charge + by_scale))
        return Parameters(*(np.stack(column) for column in zip(*rows, strict=True)))

    def fitted(self, theta: np.ndarray, **description: str) -> Potential:
        """Return the potential for a vector."""
        return self.potential.with_parameters(self.parameters(theta), **description)

    def with_scale(self, scale: float) -> FreeParameters:
        """Return the same with another fixed scale."""
        return FreeParameters(self.potential, self.free, scale=scale)

    def starting_at(self, values: Mapping[str, float]) -> FreeParameters:
        """Return the same with other first guesses."""
        moved = [replace(f, start=_between(f, values.get(f.name, f.start))) for f in self.free]
        return FreeParameters(self.potential, moved, scale=self.scale)

    def _unscaled(self, theta: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """Return scale and numbers: whole charges, shells, coefficients."""
        ions = len(self.potential.species)
        shells = self._base.charge[ions:]
        whole = self._base.charge[:ions].copy()
        owners = [list(self.potential.species).index(name) for name in self.potential.shell_names]
        whole[owners] += shells
        numbers = {"charge": whole, "shell": shells.copy()}
        numbers |= {key: np.array(getattr(self._base, key)) for key in ("A", "rho", "C", "k", "k4")}
        scale = self.scale
        for value, targets in zip(self.values(theta), self._targets, strict=True):
            for field, index in targets:
                if field == SCALE:
                    scale = float(value)
                else:
                    numbers[field][index] = value
        return scale, numbers

    def _scaled(self, scale: float, numbers: Mapping[str, np.ndarray]) -> Parameters:
        owners = [list(self.potential.species).index(name) for name in self.potential.shell_names]
        core = numbers["charge"].copy()
        core[owners] -= numbers["shell"]
        charge = scale * np.concatenate([core, numbers["shell"]])
        return Parameters(charge, *(numbers[key] for key in ("A", "rho", "C", "k", "k4")))

    def _filled(self, f: Free, target: tuple[str, int]) -> Free:
        """Fill in start and bounds, and refuse what does not fit together."""
        field, index = target
        own = self.scale if field == SCALE else self._unscaled_number(field, index)
        low, high = _BOUNDS[f.kind]
        filled = replace(
            f,
            start=own if f.start is None else f.start,
            low=low if f.low is None else f.low,
            high=high if f.high is None else f.high,
        )
        assert filled.start is not None
        assert filled.low is not None
        assert filled.high is not None
        if not filled.low < filled.start < filled.high or (f.logarithmic and filled.low <= 0):
            raise AtomisticError(
                f"The start of {f.name} is not between its bounds",
                key=f.name,
                value=filled.start,
                allowed=f"{filled.low:g} to {filled.high:g}",
                fix="give start, low and high of this number",
            )
        if (f.expected is None) != (f.spread is None) or (f.spread is not None and not f.spread > 0):
            raise AtomisticError(
                "A prior needs an expected value and a positive spread", key=f.name, value=f.spread
            )
        return filled

    def _unscaled_number(self, field: str, index: int) -> float:
        if field == "charge":
            return float(list(self.potential.species.values())[index].charge)
        if field == "shell":
            return float(self._base.charge[len(self.potential.species) + index])
        return float(getattr(self._base, field)[index])


def _between(f: Free, value: float | None) -> float:
    """Return a value moved off the bounds."""
    low, high = float(f.low or 0.0), float(f.high or 0.0)
    margin = 1e-6 * (high - low) if not f.logarithmic else 1e-6 * low
    return float(np.clip(float(value or 0.0), low + margin, high - margin))


def _inside(f: Free, value: float) -> float:
    """Return a number as the fit varies it."""
    return float(np.log(value)) if f.logarithmic else value


def _locate(potential: Potential, name: str) -> tuple[str, int]:
    """Return the field and index of a number by its name."""
    if name.strip() == SCALE:
        return SCALE, 0
    if found := _PAIR.fullmatch(name):
        pair = frozenset(found.group(2, 3))
        known = [frozenset(p) for p in potential.pair_names]
        if pair in known:
            return found.group(1), known.index(pair)
    elif found := _ION.fullmatch(name):
        ion = found.group(2)
        names = list(potential.species) if found.group(1) == "charge" else potential.shell_names
        if ion in names:
            return ("k" if found.group(1) == "spring" else found.group(1)), names.index(ion)
    known_names = all_names(potential)
    raise AtomisticError(
        f"The potential '{potential.name}' has no number '{name}'",
        key="free",
        value=name,
        allowed=", ".join(known_names),
        fix=did_you_mean(name, known_names),
    )


def all_names(potential: Potential) -> list[str]:
    """Return the names of all numbers of a potential that can be free."""
    pairs = [f"{key}({a}, {b})" for a, b in potential.pair_names for key in ("A", "rho", "C")]
    shells = [f"{key}({ion})" for ion in potential.shell_names for key in ("shell", "spring")]
    return [SCALE, *pairs, *shells, *(f"charge({ion})" for ion in potential.species)]
