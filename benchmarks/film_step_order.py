"""Film growth over a step: error with the mean oxygen share of both ends, and with that of its end only.

The share of the end is first order; the mean leaves only what the jump of the gate costs.

One face whose surface is delithiated from 25 % to 21.5 % in an hour, as in a hold at 4.3 V.
Run: ``python benchmarks/film_step_order.py``.
"""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import record

import microcell as mc
from microcell.parameters.laws import Laws
from microcell.physics import film

DURATION, L0 = 3600.0, 0.2e-9


def thickness(laws: Laws, steps: int, rule: str) -> float:
    """Film after the hour, by steps of equal length [m]."""
    c = jnp.asarray(laws.c_max * np.linspace(0.25, 0.215, steps + 1))
    share = np.asarray(film.mobile_fraction(laws, c))
    L = jnp.asarray(L0)
    for before, after in itertools.pairwise(share):
        L = film.grow(
            laws,
            L,
            jnp.asarray(after if rule == "end" else before),
            jnp.asarray(after),
            jnp.asarray(DURATION / steps),
        )
    return float(L)


def main() -> None:
    """Print errors and slopes, save them."""
    with jax.enable_x64(True):
        laws = mc.ParameterSet.builtin("nmc811").laws()
        exact = thickness(laws, 40000, "mean")
        counts = [24, 48, 96, 192]
        rules = {rule: [abs(thickness(laws, n, rule) - exact) for n in counts] for rule in ("end", "mean")}
    result = {}
    for rule, errors in rules.items():
        slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
        result[rule] = {
            "steps_s": [DURATION / n for n in counts],
            "error_nm": [1e9 * e for e in errors],
            "order": slope,
        }
        print(f"{rule:4s} share: error {', '.join(f'{1e9 * e:.2e}' for e in errors)} nm, order {slope:.2f}")
    print(record.save("film_step_order", {"grown_nm": 1e9 * (exact - L0), "rules": result}))


if __name__ == "__main__":
    main()
