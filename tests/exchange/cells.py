"""Cells that the tests exchange."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from microcell.exchange import ReducedCell, read_bpx
from microcell.p2d import Design, Negative
from microcell.parameters import ParameterSet

LGM50 = Path(__file__).parent / "lgm50.bpx.json"

DESIGN = Design(
    electrode_thickness=65e-6, active_fraction=0.68, porosity=0.26, tortuosity=2.9, radii=5e-6,
    electronic_conductivity=0.2, area=0.01,
)  # fmt: skip
ELECTROLYTE = ("Electrolyte conductivity [S.m-1]", "Electrolyte diffusivity [m2.s-1]")
SOLID = ("Active open-circuit potential [V]", "Active diffusivity [m2.s-1]")


@cache
def lgm50() -> ReducedCell:
    """The sample file."""
    return read_bpx(LGM50)


def nmc(**changes: Any) -> ReducedCell:
    """Half cell with a potential that is a formula and an electrolyte of one temperature."""
    values = {"Active open-circuit potential [V]": "chen2020", **changes.pop("values", {})}
    parameters = ParameterSet.builtin("nmc811").with_electrolyte("nyman2008").with_values(values)
    return ReducedCell(**{"design": DESIGN, "parameters": parameters, "initial": 0.4, **changes})


def full(**changes: Any) -> ReducedCell:
    """Full cell; the negative electrode has the same kind of laws."""
    cell = nmc(**changes)
    own = ParameterSet.builtin("nmc811").with_values(
        {"Active open-circuit potential [V]": 0.1, "Active maximum concentration [mol.m-3]": 33133.0}
    )
    design = DESIGN.model_copy(update={"electrode_thickness": 85e-6})
    return ReducedCell(**{**vars(cell), "negative": Negative(design, own, (0.6, 0.4))})


def assert_same_numbers(one: ParameterSet, other: ParameterSet, rtol: float = 1e-14) -> None:
    """All parameters that are numbers agree."""
    for name in one:
        if isinstance(one[name], float) and isinstance(other[name], float):
            np.testing.assert_allclose(other[name], one[name], rtol=rtol, err_msg=name)


def assert_same_laws(one: ParameterSet, other: ParameterSet, rtol: float, T: float = 298.15) -> None:
    """The laws agree at every argument."""
    for names, arguments in ((SOLID, np.linspace(0.01, 0.99, 199)), (ELECTROLYTE, np.linspace(10, 3000, 99))):
        for name in names:
            expected, found = (np.asarray(p.law(name)(arguments, T)) for p in (one, other))
            np.testing.assert_allclose(found, expected, rtol=rtol, err_msg=name)


def assert_same_design(one: Design, other: Design, rtol: float = 1e-14) -> None:
    """All numbers of the design agree."""
    for name, value in one.model_dump().items():
        np.testing.assert_allclose(getattr(other, name), value, rtol=rtol, err_msg=name)
