"""Which phases conduct together, and how well: "pore", "pore+cbd=0.15", "electrolyte", "solid"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError, did_you_mean
from ..image.phases import IMAGE_PHASES, Phase
from ..parameters import ParameterSet, quantity

UNITS = {"S.m-1": "S/m", "m2.s-1": "m2/s"}
"""Units of a conductivity or a diffusivity, and how they are shown."""

NETWORKS = ("electrolyte", "solid")
"""The two networks of a cathode, with the conductivities of a parameter set."""

Spec = str | Mapping[str, float | str]


@dataclass(frozen=True)
class Filling:
    """What conducts in the voxels of one phase.

    Attributes
    ----------
    conductivity : float
        Of the voxel as a whole.
    share : float
        Share of the voxel that the conductor fills, 1 unless the phase is porous itself.
    bulk : float
        Of the conductor itself: ``conductivity = share bulk / inner tortuosity factor``.
    """

    conductivity: float
    share: float
    bulk: float

    @staticmethod
    def dense(conductivity: float) -> Filling:
        """Return a phase that is its own conductor."""
        return Filling(conductivity, 1.0, conductivity)


@dataclass(frozen=True)
class Conductor:
    """Phases that conduct together.

    Attributes
    ----------
    name : str
        As it was asked for.
    fillings : dict of Phase to Filling
        The conducting phases.
    unit : str
        "S.m-1" or "m2.s-1"; "" where conductivities are relative.
    """

    name: str
    fillings: dict[Phase, Filling]
    unit: str = ""

    @property
    def reference(self) -> float | None:
        """Conductivity D_0 that the effective one is compared to; None where phases have different ones."""
        if not self.unit:
            return 1.0
        bulk = {filling.bulk for filling in self.fillings.values()}
        return bulk.pop() if len(bulk) == 1 else None

    def describe(self) -> str:
        """Say which phase conducts how well."""
        unit = f" {UNITS[self.unit]}" if self.unit else ""
        return " + ".join(
            f"{phase.name.lower()} {filling.conductivity:.4g}{unit}"
            for phase, filling in self.fillings.items()
        )


def read_conductor(spec: Any, parameters: ParameterSet, stoichiometry: float) -> Conductor:
    """Understand what the user asked for.

    Parameters
    ----------
    spec : str or mapping
        Phases joined by "+", each optionally with "=conductivity": relative ("pore+cbd=0.15") or with a unit
        ("active=0.1 S/m + cbd=10 S/m"); the same as a mapping; or one of the networks "electrolyte" (pore
        and porous cbd) and "solid" (active and cbd) with the conductivities of the parameter set.
    parameters : ParameterSet
        Gives the networks their conductivities.
    stoichiometry : float
        Lithium content of the active material, on which its conductivity depends.

    Raises
    ------
    ParameterError
        If a phase is unknown or named twice, a conductivity is not positive, or units are mixed.
    """
    if isinstance(spec, str) and spec.strip().lower() in NETWORKS:
        name = spec.strip().lower()
        return _electrolyte(parameters) if name == "electrolyte" else _solid(parameters, stoichiometry)
    pairs = _pairs(spec)
    values = [_conductivity(value, spec) for _, value in pairs]
    phases = [_phase(name, spec) for name, _ in pairs]
    units = {unit for _, unit in values}
    if len(units) > 1:
        raise _wrong("conductivities with and without unit, or of different units, are mixed", spec)
    if len(set(phases)) < len(phases):
        raise _wrong("a phase is named twice", spec)
    fillings = {phase: Filling.dense(value) for phase, (value, _) in zip(phases, values, strict=True)}
    name = spec.replace(" ", "") if isinstance(spec, str) else "+".join(f"{k}={v}" for k, v in spec.items())
    return Conductor(name, fillings, units.pop())


def _electrolyte(parameters: ParameterSet) -> Conductor:
    """Pore, and cbd with its own porosity and tortuosity factor, relative to the free electrolyte."""
    porosity = parameters.number("CBD porosity")
    inner = porosity / parameters.number("CBD tortuosity factor")
    fillings = {Phase.PORE: Filling.dense(1.0), Phase.CBD: Filling(inner, porosity, 1.0)}
    return Conductor("electrolyte", fillings)


def _solid(parameters: ParameterSet, stoichiometry: float) -> Conductor:
    """Active material at a lithium content, and cbd, for electrons."""
    law = parameters.law("Active electronic conductivity [S.m-1]")
    active = float(law(stoichiometry, parameters.number("Temperature [K]")))
    cbd = parameters.number("CBD electronic conductivity [S.m-1]")
    fillings = {Phase.ACTIVE: Filling.dense(active), Phase.CBD: Filling.dense(cbd)}
    return Conductor("solid", fillings, "S.m-1")


def _pairs(spec: Any) -> list[tuple[str, Any]]:
    if isinstance(spec, Mapping) and spec:
        return [(str(name), value) for name, value in spec.items()]
    if not isinstance(spec, str) or not spec.strip():
        raise _wrong("a conductor is a text or a mapping that names phases", spec)
    # a plus sign inside a number, as in 1e+3, is followed by a digit
    parts = [part.partition("=") for part in re.split(r"\+(?!\d)", spec)]
    if any(equals and not value.strip() for _, equals, value in parts):
        raise _wrong("a conductivity is missing after '='", spec)
    return [(name.strip(), value.strip() if equals else 1.0) for name, equals, value in parts]


def _phase(name: str, spec: Any) -> Phase:
    if name.lower() in IMAGE_PHASES:
        return IMAGE_PHASES[name.lower()]
    known = [*IMAGE_PHASES, *NETWORKS]
    problem = f"{name!r} cannot be combined" if name.lower() in NETWORKS else f"there is no phase {name!r}"
    raise ParameterError(
        problem,
        key="phase",
        value=spec,
        allowed=f"{', '.join(IMAGE_PHASES)} joined by '+', or one of {', '.join(NETWORKS)}",
        fix=f"name the phases: {' + '.join(IMAGE_PHASES)}" if name.lower() in NETWORKS
        else did_you_mean(name, known),
    )  # fmt: skip


def _conductivity(value: Any, spec: Any) -> tuple[float, str]:
    """Return a number and its unit."""
    if not isinstance(value, str) or _is_plain(value):
        number, unit = quantity(value, "", "phase"), ""
    else:
        number, unit = _with_unit(value, spec)
    if number <= 0:
        raise _wrong(f"a conductivity of {value} does not conduct", spec, allowed="greater than zero")
    return number, unit


def _is_plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _with_unit(text: str, spec: Any) -> tuple[float, str]:
    for unit in UNITS:
        try:
            return quantity(text, unit, "phase"), unit
        except ParameterError:
            continue
    raise _wrong(
        f"{text!r} is no conductivity",
        spec,
        allowed="a plain number, relative to the others, or a number in S/m or m2/s",
    )


def _wrong(problem: str, spec: Any, allowed: str | None = None) -> ParameterError:
    return ParameterError(
        problem,
        key="phase",
        value=spec,
        allowed=allowed,
        fix="write for example 'pore+cbd=0.15' or 'active=0.1 S/m + cbd=10 S/m'",
    )
