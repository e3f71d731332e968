"""The laws that can be called by name, read from ``data/laws.toml``, and the data files of the package."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from microcell.parameters import conductivity, diffusivity, electrolyte, law, open_circuit, vacancy_energy
from microcell.parameters.law import Law, Ranges

Standing = Literal["sourced", "calibrated", "assumed", "computed", "user"]
"""Where a number comes from: a source, a calibration of ours, an assumption, a model, or the user."""

_FORMS: dict[str, type[Law]] = {
    form.__name__: form
    for form in (
        law.Constant,
        law.ArrheniusConstant,
        open_circuit.SturmRefit,
        open_circuit.LinearPlusSteps,
        open_circuit.PolynomialPlusKnee,
        open_circuit.ExponentialPlusSteps,
        diffusivity.GaussianDips,
        diffusivity.LogisticDrop,
        conductivity.LithiationDependent,
        electrolyte.LandesfeindConductivity,
        electrolyte.LandesfeindDiffusivity,
        electrolyte.LandesfeindPolynomial,
        electrolyte.NymanConductivity,
        electrolyte.NymanDiffusivity,
        electrolyte.ValoenConductivity,
        electrolyte.ValoenDiffusivity,
        vacancy_energy.LinearVacancyEnergy,
    )
}


class LawEntry(BaseModel):
    """One named law: form, coefficients and where they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: str
    standing: Standing
    source: str
    note: str = ""
    ranges: dict[str, tuple[float, float]] = {}
    coefficients: dict[str, float | list[float] | str] = {}
    table: str | None = None

    def numbers(self) -> list[str]:
        """Return the names of the numbers of a parameter set that are coefficients."""
        return [c for c in self.coefficients.values() if isinstance(c, str)]

    def build(self, numbers: Mapping[str, float]) -> Law:
        """Make the law.

        Parameters
        ----------
        numbers : mapping of str to float
            The numbers of the parameter set, for coefficients given as the name of one.
        """
        ranges: Ranges = tuple((name, low, high) for name, (low, high) in self.ranges.items())
        if self.table is not None:
            x, potential = read_table(self.table)
            return open_circuit.TablePotential.through(x, potential, ranges)
        values = {key: numbers[c] if isinstance(c, str) else c for key, c in self.coefficients.items()}
        return _FORMS[self.form](**values, ranges=ranges)


def data_text(filename: str) -> str:
    """Return the text of a data file of this package."""
    return (resources.files("microcell.parameters") / "data" / filename).read_text(encoding="utf-8")


def data_names() -> list[str]:
    """Return the file names of the package data."""
    return sorted(item.name for item in (resources.files("microcell.parameters") / "data").iterdir())


def read_table(filename: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a two-column CSV file of the package data with one header line."""
    columns = np.loadtxt(io.StringIO(data_text(filename)), delimiter=",", skiprows=1)
    return columns[:, 0], columns[:, 1]


@cache
def all_laws() -> dict[str, dict[str, LawEntry]]:
    """Return all named laws by kind and name; the file is read once."""
    raw: dict[str, dict[str, Any]] = tomllib.loads(data_text("laws.toml"))
    return {kind: {name: LawEntry(**entry) for name, entry in laws.items()} for kind, laws in raw.items()}


def laws_of(kind: str) -> Mapping[str, LawEntry]:
    """Return the named laws of one kind, such as "open_circuit" or "electrolyte_conductivity"."""
    return all_laws()[kind]
