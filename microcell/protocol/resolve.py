"""From a step as written to amperes, volts, watts and seconds for one cell."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from microcell.errors import ProtocolError
from microcell.protocol.step import Step

CURRENT, VOLTAGE, POWER = 0, 1, 2
"""What a step imposes, as the number that compiled programs take."""

_MODES = {"current": CURRENT, "rest": CURRENT, "voltage": VOLTAGE, "power": POWER}


class VoltageLimit(BaseModel):
    """A voltage that ends a step.

    Attributes
    ----------
    value : float
        The voltage [V].
    direction : {-1, 1}
        1: the step ends when the voltage has risen to the value (charge); -1: when it has fallen to it.
    """

    model_config = ConfigDict(frozen=True)

    value: float
    direction: Literal[-1, 1]


class ResolvedStep(BaseModel):
    """A step in SI units for one cell.

    Attributes
    ----------
    kind : {"current", "voltage", "power", "rest"}
        What is controlled; a rest is a current of zero.
    value : float
        Current [A] or power [W], positive for discharge, or voltage [V].
    voltage_limit : VoltageLimit or None
        The voltage that ends the step.
    current_limit : float or None
        The step ends when the magnitude of the current has fallen to this [A].
    duration : float
        The step ends after this time [s].
    has_default_duration : bool
        Whether ``duration`` is only the safety limit: a step that ends by it did not do what was asked.
    period : float or None
        Time between outputs [s].
    text : str
        The step as the user wrote it.
    profile : (tuple, tuple) or None
        Times since the beginning of the step [s], and current [A] or power [W] there, positive for discharge.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["current", "voltage", "power", "rest"]
    value: float
    voltage_limit: VoltageLimit | None
    current_limit: float | None
    duration: float
    has_default_duration: bool
    period: float | None
    text: str
    profile: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @property
    def mode(self) -> int:
        """`CURRENT`, `VOLTAGE` or `POWER`; a rest is a current of zero."""
        return _MODES[self.kind]


def resolve(step: Step, one_c_current: float, area: float) -> ResolvedStep:
    """Express a step in SI units.

    Parameters
    ----------
    step : Step
        The step.
    one_c_current : float
        The current that passes the nominal capacity in one hour [A].
    area : float
        Cross-section of the electrode [m2], for currents and powers per area.

    Raises
    ------
    ProtocolError
        If the 1C current or the area is not positive.
    """
    for name, number in (("1C current [A]", one_c_current), ("electrode area [m2]", area)):
        if not number > 0:
            raise ProtocolError(f"The {name} of the cell is not positive", key=name, value=number)
    scale = {"C": one_c_current, "A": 1.0, "A.m-2": area, "V": 1.0, "W": 1.0, "W.m-2": area}
    voltage, current = step.termination("voltage"), step.termination("current")
    return ResolvedStep(
        kind=step.kind,
        value=step.value * scale[step.unit] * (step.direction if step.kind in ("current", "power") else 1),
        voltage_limit=VoltageLimit(value=voltage.value, direction=-step.direction) if voltage else None,
        current_limit=current.value * scale[current.unit] if current else None,
        duration=step.duration,
        has_default_duration=step.has_default_duration,
        period=step.period,
        text=step.text,
        profile=_scaled(step, scale[step.unit]),
    )


def _scaled(step: Step, scale: float) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if step.profile is None:
        return None
    return step.profile.times, tuple(value * scale for value in step.profile.values)
