"""Film growth over a step: error with the oxygen share of its end, of both ends, and its mean on the way.

One face whose surface is delithiated from 25 % to 21.5 % in an hour, as in a hold at 4.3 V, and one that
loses 10 % of its capacity in six minutes, as in a charge at 1C. The share of the end is first order; the mean
of both ends leaves what the gate and the bend of the share cost.
Run: ``python benchmarks/film_step_order.py``.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import record

import microcell as mc
from microcell.parameters.laws import Laws
from microcell.physics import film

L0 = 0.2e-9
PATHS = {"hold": (0.25, 0.215, 3600.0), "charge": (0.30, 0.20, 360.0)}
"""Stoichiometry of the surface at both ends, and time [s]."""


def share(laws: Laws, before: jax.Array, after: jax.Array, rule: str) -> jax.Array:
    """Oxygen share that a step is given by a rule."""
    if rule == "path":
        return film.mean_fraction(laws, before, after)
    ends = [film.mobile_fraction(laws, c) for c in (before, after)]
    return ends[1] if rule == "end" else 0.5 * (ends[0] + ends[1])


def thickness(laws: Laws, path: str, steps: int, rule: str) -> float:
    """Film at the end of a path, by steps of equal length [m]."""
    start, stop, duration = PATHS[path]
    c = jnp.asarray(laws.c_max * np.linspace(start, stop, steps + 1))
    L = jnp.asarray(L0)
    for mean in share(laws, c[:-1], c[1:], rule):
        L = film.grow(laws, L, mean, jnp.asarray(duration / steps))
    return float(L)


def main() -> None:
    """Print errors relative to the growth, save them."""
    result: dict[str, dict] = {}
    with jax.enable_x64(True):
        laws = mc.ParameterSet.builtin("nmc811").laws()
        for path, (_, _, duration) in PATHS.items():
            grown = thickness(laws, path, 20000, "ends") - L0
            result[path] = {"grown_nm": 1e9 * grown, "rules": {}}
            for rule in ("end", "ends", "path"):
                errors = {n: (thickness(laws, path, n, rule) - L0) / grown - 1 for n in (2, 6, 24, 96)}
                shown = ", ".join(f"{duration / n:g} s {100 * e:+.3f} %" for n, e in errors.items())
                print(f"{path:6s} {rule:4s} {shown}")
                result[path]["rules"][rule] = {
                    "steps_s": [duration / n for n in errors],
                    "relative_error": list(errors.values()),
                }
    print(record.save("film_step_order", result))


if __name__ == "__main__":
    main()
