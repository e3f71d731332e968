"""Activation energy of the chemical diffusivity, from tables at several temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from microcell.errors import AtomisticError
from microcell.parameters.constants import F

if TYPE_CHECKING:
    from .table import TransportTable


@dataclass(frozen=True)
class Activation:
    """Slopes of ln D over 1/T, content by content.

    Attributes
    ----------
    temperatures : tuple of float
        From the lowest to the highest [K].
    energies, errors : (n,) arrays
        Activation energies at every content and their standard errors [eV].
    """

    temperatures: tuple[float, ...]
    energies: np.ndarray
    errors: np.ndarray

    @property
    def common(self) -> tuple[float, float]:
        """One activation energy for all contents, and its uncertainty [J.mol-1].

        The mean; its uncertainty is how far single contents are from it (standard deviation).
        """
        spread = self.energies.std(ddof=1)
        return float(self.energies.mean() * F), float(np.hypot(spread, self.errors.mean()) * F)


def activation(tables: Sequence[TransportTable]) -> Activation:
    """Fit ``ln D = ln D0 - Ea/(k T)`` at every content.

    Parameters
    ----------
    tables : sequence of TransportTable
        Of one model and size at three temperatures or more, with the same contents.

    Raises
    ------
    AtomisticError
        If there are fewer than three temperatures, the contents differ, or the activation energy is negative.
    """
    from microcell.atomistic.dynamics.arrhenius import fit_arrhenius

    ordered = sorted(tables, key=lambda table: table.temperature)
    if any(not np.array_equal(table.x, ordered[0].x) for table in ordered):
        raise AtomisticError(
            "The tables have not the same lithium contents",
            key="contents",
            fix="take one list of contents and one size for all temperatures",
        )
    temperatures = [table.temperature for table in ordered]
    columns = [table.chemical_diffusivity() for table in ordered]
    values, errors = np.array(columns).transpose(1, 2, 0)
    fits = [fit_arrhenius(temperatures, *one) for one in zip(values, errors, strict=True)]
    found = Activation(
        tuple(temperatures),
        np.array([fit.activation_energy for fit in fits]),
        np.array([fit.activation_energy_error for fit in fits]),
    )
    if found.energies.mean() < 0.0:
        raise AtomisticError(
            "The diffusivity falls with temperature: a card has no negative activation energy",
            key="activation",
            value=f"{found.energies.mean():.3g} eV",
            fix="leave the other temperatures out, and make one card per temperature",
        )
    return found
