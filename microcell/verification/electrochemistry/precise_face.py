"""The charge transfer of one interface face, against fifty digits.

The current i of a face leaves nothing of

    v - U(c_if) - L/kappa_RS i - (2RT/F) asinh(i / 2 i0(c_if)),   c_if = c_so - i L / (F D_RS),

with v = phi_s - phi_e, a function that falls with i; where c_if leaves [1e-4, 1 - 1e-4] c_max, i0 stays and
U goes on as a line of 100 V per x (Both et al. 2026, doi 10.1016/j.ensm.2026.104994, Eqs. 4-6; model page).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ...parameters.constants import F, R
from ...parameters.laws import Laws
from ..media import constant_parameters
from ..problem import Skipped

DIGITS, HALVINGS = 50, 130
GUARD, GUARD_SLOPE = 1e-4, 100.0
KAPPA_RS, SALT, I00 = 1e-7, 1000.0, 3e-6
"""Conductivity of the film [S.m-1], salt [mol.m-3], and the usual rate of Eq. 5 [A.m2.5.mol-1.5]."""

BOUND = 1e-13
"""The root's tolerance is 1e-13 in asinh(i / 2 i0), and Newton's last step leaves about its square."""

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Faces:
    """Faces that differ in voltage [V], film [m], stoichiometry and i00; U is ``level - slope x`` [V]."""

    voltage: np.ndarray
    film: np.ndarray
    x: np.ndarray
    i00: np.ndarray
    level: float
    slope: float
    diffusivity: float

    @property
    def laws(self) -> Laws:
        """Constant laws with the open-circuit line."""
        return laws_of(self.level, self.slope)

    @property
    def given(self) -> tuple[np.ndarray, ...]:
        """Voltage, c_so, salt, film resistance and fall of c_if per current, as the solver gets them."""
        c_so, salt = self.x * float(self.laws.c_max), np.full_like(self.x, SALT)
        return self.voltage, c_so, salt, self.film / KAPPA_RS, self.film / (F * self.diffusivity)


class Root(NamedTuple):
    """A current [A.m-2], how far rounding moves it, relative, and whether c_if is beyond the guard."""

    current: float
    doubt: float
    guarded: bool


def faces_of(rows: Sequence[tuple[float, ...]], level: float, slope: float, diffusivity: float) -> Faces:
    """Collect faces from rows of voltage, film, stoichiometry and i00."""
    voltage, film, x, i00 = np.array(rows, float).T
    return Faces(voltage, film, x, i00, level, slope, diffusivity)


def many_digits() -> Any:
    """Import mpmath, or say how to get it."""
    try:
        import mpmath
    except ImportError:
        raise Skipped("mpmath is not installed: pip install 'microcell[verify]'") from None
    context = mpmath.mp.clone()
    context.dps = DIGITS
    return context


@cache
def laws_of(level: float, slope: float) -> Laws:
    """Return constant laws with ``U = level - slope x`` as JAX arrays."""
    import jax
    import jax.numpy as jnp

    law = {"Active open-circuit potential [V]": lambda x, T: level - slope * x}
    return jax.tree.map(jnp.asarray, constant_parameters(law).laws())


def solve_all(faces: Faces) -> np.ndarray:
    """Find the currents with the solver [A.m-2]; NaN where faces have no root."""
    import jax
    import jax.numpy as jnp

    from ...physics import kinetics

    laws = faces.laws.__class__(**(vars(faces.laws) | {"i00": jnp.asarray(faces.i00)}))
    problem = kinetics.FaceProblem(*map(jnp.asarray, faces.given))
    root = jax.jit(kinetics.solve_faces)(laws, problem, jnp.zeros_like(problem.voltage))
    return np.where(int(root.failures) == 0, np.asarray(root.value), np.nan)


class Precise:
    """One face in many digits."""

    def __init__(self, mp: Any, faces: Faces, k: int) -> None:
        laws, numbers = faces.laws, [mp.mpf(float(a[k])) for a in faces.given]
        self.mp = mp
        self.v, self.c_so, salt, self.resistance, self.shift = numbers
        self.c_max, self.rate = mp.mpf(float(laws.c_max)), mp.mpf(float(faces.i00[k])) * mp.sqrt(salt)
        self.level, self.slope = mp.mpf(faces.level), mp.mpf(faces.slope)
        self.thermal = 2 * mp.mpf(R) * mp.mpf(float(laws.temperature)) / mp.mpf(F)
        self.twice_i0 = 2 * self.i0(self.held(self.c_so))

    def held(self, c: Any) -> Any:
        """A concentration, limited to where i0 and U are defined."""
        guard = self.mp.mpf(GUARD)
        return min(max(c, guard * self.c_max), (1 - guard) * self.c_max)

    def i0(self, c: Any) -> Any:
        """Eq. 5."""
        return self.rate * self.mp.sqrt(c * (self.c_max - c))

    def terms(self, i: Any) -> tuple[Any, ...]:
        """The terms of the balance [V]: v, U at or inside the guard, film, overpotential, line beyond."""
        free = self.c_so - self.shift * i
        held = self.held(free)
        steepness = (max(self.slope, GUARD_SLOPE) if free != held else 0) / self.c_max
        line = steepness * self.c_so, -steepness * self.shift * i, -steepness * held
        overpotential = self.thermal * self.mp.asinh(i / (2 * self.i0(held)))
        equilibrium = -self.level, self.slope * held / self.c_max
        return self.v, *equilibrium, -self.resistance * i, -overpotential, *line

    def at(self, y: Any) -> Any:
        """The balance [V] at ``i = 2 i0(c_so) sinh y``."""
        return sum(self.terms(self.twice_i0 * self.mp.sinh(y)))

    def root(self) -> Root:
        """Bisect for the root next to no current."""
        mp = self.mp
        sign = 1 if self.at(mp.zero) > 0 else -1
        low, high = mp.zero, mp.mpf(1)
        while sign * self.at(sign * high) > 0:
            low, high = high, 2 * high
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if sign * self.at(sign * middle) > 0 else (low, middle)
        i = self.twice_i0 * mp.sinh(sign * low)
        free = self.c_so - self.shift * i
        rounding, slope = self.rounding(i)
        return Root(float(i), float(rounding / slope), self.held(free) != free)

    def rounding(self, i: Any) -> tuple[Any, Any]:
        """Rounding of the terms [V], and what the balance changes by when the current doubles [V]."""
        near = sum(self.terms(i * (1 + self.mp.mpf(10) ** -15)))
        return EPS * sum(map(abs, self.terms(i))), abs(near - sum(self.terms(i))) * 10**15

    def unexplained(self, current: float) -> float:
        """What the solver's current leaves of the balance, over rounding and the tolerance of the root."""
        i = self.mp.mpf(current)
        rounding, slope = self.rounding(i)
        return float(abs(sum(self.terms(i))) / (rounding + BOUND * slope))


def compare(faces: Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Relative errors of the solver, what rounding explains, exact currents, and who is guarded."""
    mp = many_digits()
    found = solve_all(faces)
    roots = [Precise(mp, faces, k).root() for k in range(len(found))]
    exact = np.array([root.current for root in roots])
    doubt, guarded = np.array([root.doubt for root in roots]), np.array([root.guarded for root in roots])
    return np.abs(found / exact - 1), doubt, exact, guarded
