"""The ions of a potential and their Buckingham pairs, each with where its numbers come from."""

from __future__ import annotations

from typing import Annotated, Literal

from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .ewald import COULOMB

Standing = Literal["sourced", "calibrated", "assumed", "computed", "user"]
"""Where a number comes from; "" in a species or pair: as the whole set."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Described(BaseModel):
    """What every entry may say about its numbers: source, standing and a note."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    standing: Standing | Literal[""] = ""
    note: str = ""


class Species(Described):
    """An ion, rigid or a core with a shell on a spring (Dick & Overhauser 1958, Phys. Rev. 112, 90).

    Attributes
    ----------
    element : str
        Chemical symbol.
    charge : float
        Of the whole ion [e].
    shell : float, optional
        Charge of the shell [e]; the core carries the rest. None for a rigid ion.
    spring : float, optional
        k of the energy ``k d^2/2`` [eV.A-2], for an ion with a shell.
    spring4 : float
        k4 of the energy ``k4 d^4/24`` [eV.A-4].
    """

    element: str
    charge: Finite
    shell: Finite | None = None
    spring: Positive | None = None
    spring4: NotNegative = 0.0

    @model_validator(mode="after")
    def _check(self) -> Species:
        if self.element not in atomic_numbers or self.element == "X":
            raise ValueError(f"'{self.element}' is not a chemical symbol")
        if (self.shell is None) != (self.spring is None):
            raise ValueError("a shell needs both its charge (shell) and its spring")
        return self

    @property
    def polarizability(self) -> float:
        """Polarizability of the free ion, ``Y^2/k`` in units of e^2/(4 pi eps_0) [A3]; 0 for a rigid ion."""
        return 0.0 if self.shell is None or self.spring is None else COULOMB * self.shell**2 / self.spring


class Pair(Described):
    """Buckingham energy ``A exp(-r/rho) - C/r^6`` between the shells (or rigid ions) of two species.

    Attributes
    ----------
    between : (str, str)
        Names of the species.
    A, rho, C : float
        Repulsion [eV], range [A], dispersion [eV.A6].
    """

    between: tuple[str, str]
    A: NotNegative
    rho: Positive
    C: NotNegative
