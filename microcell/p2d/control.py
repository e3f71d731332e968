"""What the terminals impose, and what ends a step; all numbers traced, so that no protocol recompiles."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ..parameters.law import Leaf
from ..protocol.resolve import CURRENT, VOLTAGE, ResolvedStep

VOLTAGE_TOLERANCE = 1e-4
"""How far behind a cut-off a step may end [V]."""

CURRENT_TOLERANCE = 1e-4
"""The same for a current, relative to its limit."""


class Control(NamedTuple):
    """What is imposed over a step of the protocol.

    Attributes
    ----------
    mode : `CURRENT`, `VOLTAGE` or `POWER`.
    target : [A.m-2], [V] or [W.m-2] at the knots, linear between them and constant outside, (K,).
    knots : times since the beginning of the step [s], (K,).
    """

    mode: Leaf
    target: Leaf
    knots: Leaf

    def at(self, elapsed: Array) -> Imposed:
        """Return what is imposed at a time since the beginning of the step."""
        return Imposed(self.mode, jnp.interp(elapsed, jnp.asarray(self.knots), jnp.asarray(self.target)))


def constant(mode: int, target: float) -> Control:
    """Return a control that does not change."""
    return Control(np.int32(mode), np.full(1, target, float), np.zeros(1))


class Imposed(NamedTuple):
    """What is imposed at one time: mode and target [A.m-2], [V] or [W.m-2]."""

    mode: Leaf
    target: Leaf


class Limits(NamedTuple):
    """Ends of a step.

    Attributes
    ----------
    voltage, direction : the step ends where ``direction (V - voltage)`` becomes positive; direction 0: never.
    current : it ends where the magnitude of the current falls below this [A.m-2]; 0: never.
    low, high : voltages at which the cell counts as empty or overcharged, whatever the step says [V].
    duration : it ends after this time [s].
    period : times to land on, multiples of this [s]; infinite where none are asked for.
    """

    voltage: Leaf
    direction: Leaf
    current: Leaf
    low: Leaf
    high: Leaf
    duration: Leaf
    period: Leaf


def control_residual(control: Imposed, voltage: Array, applied: Array) -> Array:
    """What is left of the control equation."""
    kinds = [applied, voltage, voltage * applied]
    return _chosen(control, kinds) - control.target


def control_slopes(control: Imposed, voltage: Array, applied: Array) -> tuple[Array, Array]:
    """Derivatives of the control equation by voltage and by applied current."""
    zero, one = jnp.zeros_like(voltage), jnp.ones_like(voltage)
    return _chosen(control, [zero, one, applied]), _chosen(control, [one, zero, voltage])


def _chosen(control: Imposed, kinds: list[Array]) -> Array:
    return jnp.where(
        control.mode == CURRENT, kinds[0], jnp.where(control.mode == VOLTAGE, kinds[1], kinds[2])
    )


def voltage_overrun(limits: Limits, voltage: Array) -> Array:
    """How far the voltage is beyond its limit, in units of the tolerance; very negative without a limit."""
    beyond = limits.direction * (voltage - limits.voltage) / VOLTAGE_TOLERANCE
    return jnp.where(limits.direction == 0, -1e9, beyond)


def current_overrun(limits: Limits, applied: Array) -> Array:
    """How far the magnitude of the current is below its limit, in units of the tolerance."""
    limit = jnp.where(limits.current > 0, limits.current, 1.0)
    return jnp.where(limits.current > 0, (limit - jnp.abs(applied)) / limit / CURRENT_TOLERANCE, -1e9)


def window_overrun(control: Control, limits: Limits, voltage: Array) -> Array:
    """How far the voltage is outside of the window in which a cell can be, in units of the tolerance."""
    beyond = jnp.maximum(limits.low - voltage, voltage - limits.high) / VOLTAGE_TOLERANCE
    return jnp.where(control.mode == VOLTAGE, -1e9, beyond)


def control_of(step: ResolvedStep, area: float) -> Control:
    """Return what a resolved step imposes, per area."""
    if step.mode == VOLTAGE:
        return constant(VOLTAGE, step.value)
    if step.profile is not None:
        times, values = (np.asarray(column, float) for column in step.profile)
        return Control(np.int32(step.mode), values / area, times)
    return constant(step.mode, step.value / area)


def limits_of(step: ResolvedStep, area: float, window: tuple[float, float]) -> Limits:
    """Return what ends a resolved step, per area.

    Parameters
    ----------
    step : ResolvedStep
        The step.
    area : float
        Cross-section [m2].
    window : (float, float)
        Voltages at which any step ends [V].
    """
    limit = step.voltage_limit
    numbers = (
        limit.value if limit else 0.0,
        limit.direction if limit else 0,
        (step.current_limit or 0.0) / area,
        *window,
        step.duration,
        step.period if step.period is not None else math.inf,
    )
    return Limits(*(np.float64(number) for number in numbers))
