"""Conductivity and heat capacity over the Ni-Mn-Co triangle, and beside published values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from microcell.errors import AtomisticError
from microcell.parameters import Origin, PropertyCard

from .conductivity import Conductivity, Scattering, Transport
from .ionic import Report
from .references import references
from .virtual import METALS, VirtualCrystal

CONDUCTIVITY = "Lattice thermal conductivity [W.m-1.K-1]"
HEAT = "Specific heat capacity [J.kg-1.K-1]"
_SOURCES = (
    "Slack & Galginaitis 1964, 10.1103/PhysRev.133.A253",
    "Klemens 1958, 10.1016/S0081-1947(08)60551-2",
    "Tamura 1983, 10.1103/PhysRevB.27.858",
    "Abeles 1963, 10.1103/PhysRev.131.1906",
)
_NOTE = (
    "perfect crystal but for mass disorder{grain}: an upper limit; Umklapp from Grueneisen parameters, no "
    "three-phonon matrix elements; no electrons, magnons, moving lithium; the error holds mesh and Umklapp "
    "models, not the potential"
)


@dataclass(frozen=True)
class Mixture:
    """A composition ready for conductivities.

    Attributes
    ----------
    fractions : mapping
        Share of every metal.
    transport : Transport
        The mean crystal.
    scattering : Scattering
        With the mass variance of the composition.
    """

    fractions: Mapping[str, float]
    transport: Transport
    scattering: Scattering

    def conductivity(self, temperature: float) -> Conductivity:
        """Return the lattice thermal conductivity."""
        return self.transport.conductivity(temperature, self.scattering)

    def row(self, temperature: float) -> dict[str, float]:
        """Return the numbers of one row of a table."""
        kappa = self.conductivity(temperature)
        heat, heat_error = self.transport.specific_heat(temperature)
        return {
            **{metal: self.fractions.get(metal, 0.0) for metal in METALS},
            CONDUCTIVITY: kappa.mean,
            "Uncertainty [W.m-1.K-1]": kappa.uncertainty,
            "In plane [W.m-1.K-1]": kappa.in_plane,
            "Through plane [W.m-1.K-1]": kappa.through_plane,
            "Slack estimate [W.m-1.K-1]": self.transport.slack(temperature),
            "Grueneisen parameter": self.transport.mean_grueneisen(temperature),
            "Debye temperature [K]": self.transport.sound.debye_temperature,
            "Mass variance": max(self.scattering.variances, default=0.0),
            HEAT: heat,
            "Uncertainty [J.kg-1.K-1]": heat_error,
        }


def composition_of(
    crystal: VirtualCrystal,
    fractions: Mapping[str, float],
    mesh: Sequence[int],
    scattering: Scattering | None = None,
) -> Mixture:
    """Mix a composition from end members.

    Parameters
    ----------
    crystal : VirtualCrystal
        The end members.
    fractions : mapping
        Share of every metal; they sum to one.
    mesh : sequence of int
        Wave vectors per axis.
    scattering : Scattering, optional
        Grain size and Umklapp form; the mass variances are set here.
    """
    chosen = replace(scattering or Scattering(), variances=crystal.variances(fractions))
    return Mixture(dict(fractions), Transport(crystal.series(fractions), mesh), chosen)


def ternary_table(
    crystal: VirtualCrystal,
    *,
    temperature: float = 300.0,
    mesh: Sequence[int] = (9, 9, 9),
    steps: int = 5,
    scattering: Scattering | None = None,
    progress: Report | None = None,
) -> pd.DataFrame:
    """Compute conductivity and specific heat over the triangle, as far as the end members span it.

    Parameters
    ----------
    crystal : VirtualCrystal
        End members of Ni, Mn and Co.
    temperature : float
        [K].
    mesh : sequence of int
        Wave vectors per axis.
    steps : int
        Steps along an edge of the triangle.
    scattering : Scattering, optional
        Grain size and Umklapp form.
    progress : callable, optional
        Called after every composition.

    Returns
    -------
    pandas.DataFrame
        One row per composition; columns as of `Mixture.row`.
    """
    if steps < 1:
        raise AtomisticError("A triangle needs steps", key="steps", value=steps, allowed="1 or more")
    points = [p for p in _grid(steps) if _spanned(crystal, p)]
    rows = []
    for number, fractions in enumerate(points, start=1):
        rows.append(composition_of(crystal, fractions, mesh, scattering).row(temperature))
        if progress is not None:
            progress(number, len(points), "compositions")
    return pd.DataFrame(rows)


def comparison(
    crystal: VirtualCrystal,
    *,
    temperature: float = 300.0,
    mesh: Sequence[int] = (12, 12, 12),
    scattering: Scattering | None = None,
) -> pd.DataFrame:
    """Lay the model beside the published values of the data file, composition by composition.

    Returns
    -------
    pandas.DataFrame
        Columns quantity, reference, published, computed, uncertainty, source; compositions that the end
        members do not span are left out.
    """
    rows: list[dict[str, Any]] = []
    known: dict[tuple[float, ...], dict[str, float]] = {}
    for name, quantity, error in (
        (CONDUCTIVITY, "conductivity", "Uncertainty [W.m-1.K-1]"),
        (HEAT, "specific_heat", "Uncertainty [J.kg-1.K-1]"),
    ):
        for reference in references(quantity):
            key = tuple(reference.composition.get(metal, 0.0) for metal in METALS)
            if not _spanned(crystal, reference.composition):
                continue
            if key not in known:
                made = composition_of(crystal, reference.composition, mesh, scattering)
                known[key] = made.row(temperature)
            rows.append(
                {
                    "quantity": name,
                    "reference": reference.name,
                    "published": reference.value,
                    "computed": known[key][name],
                    "uncertainty": known[key][error],
                    "source": reference.source,
                }
            )
    return pd.DataFrame(rows)


def cards(
    made: Mixture, temperatures: Sequence[float], *, inputs: Mapping[str, Any]
) -> dict[str, PropertyCard]:
    """Return conductivity and specific heat over temperature as property cards.

    Parameters
    ----------
    made : Mixture
        The composition.
    temperatures : sequence of float
        Rising temperatures [K], two or more.
    inputs : mapping
        What the model was given besides, such as the name of the potential; kept in the origin.
    """
    grain = made.scattering.grain
    given = {
        "composition": dict(made.fractions),
        "mesh": list(made.transport.mesh),
        "supercell": list(made.transport.series.rest.repeats),
        "strain": made.transport.series.strain,
        "grain [m]": grain if np.isfinite(grain) else None,
        "Umklapp": made.scattering.form,
        **inputs,
    }
    note = _NOTE.format(grain=f" and grains of {grain:g} m" if np.isfinite(grain) else "")
    origin = Origin.of("thermal", given, references=_SOURCES, note=note)
    kappas = [made.conductivity(t) for t in temperatures]
    heats = np.array([made.transport.specific_heat(t) for t in temperatures])
    values, errors = [c.mean for c in kappas], [c.uncertainty for c in kappas]
    return {
        "conductivity": PropertyCard.table(
            CONDUCTIVITY, "T", temperatures, values, errors, origin=origin, interpolation="log"
        ),
        "heat_capacity": PropertyCard.table(HEAT, "T", temperatures, heats[:, 0], heats[:, 1], origin=origin),
    }


def _grid(steps: int) -> list[dict[str, float]]:
    """Return all compositions of three metals on a triangular grid."""
    return [
        {"Ni": i / steps, "Mn": j / steps, "Co": (steps - i - j) / steps}
        for i in range(steps + 1)
        for j in range(steps + 1 - i)
    ]


def _spanned(crystal: VirtualCrystal, fractions: Mapping[str, float]) -> bool:
    """Whether a composition is a mixture of the end members."""
    try:
        crystal.shares(fractions)
    except AtomisticError:
        return False
    return True
