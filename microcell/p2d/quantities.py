"""Quantities of a solution by name: those of every cell, of its negative electrode, of its mechanisms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from ..parameters.constants import F
from .cell import Cell

if TYPE_CHECKING:
    from .solution import Solution

Quantity = Callable[["Solution"], Any]


def quantities_of(cell: Cell) -> dict[str, Quantity]:
    """Return the functions behind the names that a cell offers; names as in PyBaMM where it has the quantity.

    Arrays have a leading axis of times; then volumes through the plane, N or those of the electrode, and
    particle sizes.
    """
    negative = {} if cell.metal else _electrode(cell, 0, "Negative ")
    return {**_CELL, **_electrode(cell, -1, ""), **negative}


def _capacity(s: Solution) -> Any:
    """Charge taken out [A.h]."""
    return (s.record.passed - s.record.passed[0]) * F * s.area / 3600.0


def _imbalance(s: Solution) -> Any:
    """Lithium now less lithium at the start less what came in [mol]."""
    r = s.record
    held = r.solid + r.salt + r.trapped - r.gained
    return (held - held[0]) * s.area


def _lost_inventory(s: Solution) -> Any:
    """Lithium in lost material over the lithium in the particles at the start [%]."""
    return 100.0 * (s.record.trapped - s.record.trapped[0]) / s.record.solid[0]


_CELL: dict[str, Quantity] = {
    "Time [s]": lambda s: s.record.time,
    "Voltage [V]": lambda s: s.record.voltage,
    "Current [A]": lambda s: s.record.current * s.area,
    "Step": lambda s: s.step_number,
    "Discharge capacity [A.h]": _capacity,
    "Lithium imbalance [mol]": _imbalance,
    "Loss of lithium inventory [%]": _lost_inventory,
    "x [m]": lambda s: np.cumsum(s.cell.width) - 0.5 * np.asarray(s.cell.width),
    "Electrolyte concentration [mol.m-3]": lambda s: s.record.c_e,
    "Electrolyte potential [V]": lambda s: s.record.phi_e,
}


def _electrode(cell: Cell, k: int, prefix: str) -> dict[str, Quantity]:
    """Quantities of one electrode; those of the positive one have no prefix."""
    side = "negative" if prefix else "positive"
    own = {
        "Mean stoichiometry": lambda s: _mean(s, k, s.record.x_mean[k]),
        "Mean surface stoichiometry": lambda s: _mean(s, k, s.record.x_surface[k]),
        "Electrode potential [V]": lambda s: s.record.phi_s[:, s.cell.electrodes[k].place],
        "Stoichiometry": lambda s: s.record.x_mean[k],
        "Surface stoichiometry": lambda s: s.record.x_surface[k],
        "Interface current density [A.m-2]": lambda s: s.record.interface_current[k],
    }
    for number, names in enumerate(_of_mechanisms(cell, k)):
        for name in names:
            own[name] = partial(_slow, k=k, number=number, name=name)
            own[f"Mean {_lowered(name)}"] = partial(_mean_slow, k=k, number=number, name=name)
    named = {f"{prefix}{_lowered(name)}" if prefix else name: get for name, get in own.items()}
    lost = f"Loss of active material in {side} electrode [%]"
    return {**named, lost: lambda s: _lost_material(s, k)}


def _lowered(name: str) -> str:
    """Begin with a small letter, unless the first word is an abbreviation."""
    return name if name[:2].isupper() else name[0].lower() + name[1:]


def _of_mechanisms(cell: Cell, k: int) -> list[list[str]]:
    """Names that the mechanisms of an electrode give."""
    electrode = cell.electrodes[k]
    states = [m.start(electrode.laws, jnp.asarray(electrode.radius)) for m in electrode.mechanisms]
    return [
        list(m.quantities(electrode.laws, electrode.radius, state))
        for m, state in zip(electrode.mechanisms, states, strict=True)
    ]


def _slow(s: Solution, k: int, number: int, name: str) -> Any:
    electrode = s.cell.electrodes[k]
    state = s.record.slow[k][number]
    return electrode.mechanisms[number].quantities(electrode.laws, electrode.radius, state)[name]


def _mean_slow(s: Solution, k: int, number: int, name: str) -> Any:
    return _mean(s, k, np.asarray(_slow(s, k, number, name)))


def _weights(s: Solution, k: int) -> np.ndarray:
    """Active volume per volume and size at all times, (times, E, P)."""
    width = np.asarray(s.cell.width)[s.cell.electrodes[k].place]
    return width[None, :, None] * s.record.active[k]


def _mean(s: Solution, k: int, field: np.ndarray) -> np.ndarray:
    """Mean over the active material of an electrode."""
    weights = _weights(s, k)
    return np.sum(field * weights, axis=(1, 2)) / np.sum(weights, axis=(1, 2))


def _lost_material(s: Solution, k: int) -> np.ndarray:
    """Active material that takes part no more, relative to the start of the run."""
    left = np.sum(_weights(s, k), axis=(1, 2))
    return 100.0 * (1.0 - left / left[0])
