"""The half cells of the reference files, as their meta files describe them."""

import csv
import itertools
from pathlib import Path

import numpy as np

from microcell.p2d import DFN, Design, Mesh, Negative
from microcell.parameters import ParameterSet
from microcell.parameters.constants import F
from microcell.protocol import Experiment

XU_AREA = 0.01 * 0.0154
LITHIUM_PER_VOLUME = 1.0 / 1.3e-5

NMC_DESIGN = Design(
    electrode_thickness=65e-6,
    active_fraction=0.68,
    porosity=0.26,
    tortuosity=0.26 ** (1 - 1.8),
    radii=5e-6,
    electronic_conductivity=0.2,
)
XU_DESIGN = Design(
    electrode_thickness=42e-6,
    active_fraction=0.518,
    porosity=0.331,
    tortuosity=0.331**-0.5,
    radii=5.3e-6,
    electronic_conductivity=100.0 * 0.518**1.5,
    area=XU_AREA,
)


def xu_parameters() -> ParameterSet:
    """PyBaMM's set Xu2019; its lithium i0 goes with c_e^0.3, ours with c_e^0.5, equal at 1 mol/l."""
    return (
        ParameterSet.builtin("nmc811")
        .with_electrolyte("valoen2005")
        .with_values(
            {
                "Active maximum concentration [mol.m-3]": 48230.0,
                "Active open-circuit potential [V]": "mohtat2020",
                "Active diffusivity [m2.s-1]": 1e-14,
                "Exchange current density factor [A.m2.5.mol-1.5]": 5.76e-11 * F,
                "Separator porosity": 0.39,
                "Separator tortuosity factor": 0.39**-0.5,
                "Lithium metal exchange current density [A.m-2]": 3.5e-8
                * F
                * LITHIUM_PER_VOLUME**0.7
                * 1000.0**0.3,
            }
        )
    )


def nmc(mesh: Mesh, kind: type[DFN] = DFN, **options) -> DFN:
    return kind(NMC_DESIGN, ParameterSet.builtin("nmc811"), mesh, **{"film": False, **options})


def xu(mesh: Mesh, kind: type[DFN] = DFN, **options) -> DFN:
    return kind(XU_DESIGN, xu_parameters(), mesh, **{"film": False, **options})


CHEN_AREA = 0.065 * 1.58
CHEN_DESIGN = Design(
    electrode_thickness=75.6e-6,
    active_fraction=0.665,
    porosity=0.335,
    tortuosity=0.335**-0.5,
    radii=5.22e-6,
    electronic_conductivity=0.18,
    area=CHEN_AREA,
)
GRAPHITE_DESIGN = Design(
    electrode_thickness=85.2e-6,
    active_fraction=0.75,
    porosity=0.25,
    tortuosity=0.25**-0.5,
    radii=5.86e-6,
    electronic_conductivity=215.0,
    area=CHEN_AREA,
)


def chen_parameters() -> ParameterSet:
    """PyBaMM's set Chen2020, positive side; its 1C is 5 A."""
    sites = F * 0.665 * 75.6e-6 * CHEN_AREA * 63104.0 / 3600.0
    return (
        ParameterSet.builtin("nmc811")
        .with_electrolyte("nyman2008")
        .with_values(
            {
                "Active maximum concentration [mol.m-3]": 63104.0,
                "Active open-circuit potential [V]": "chen2020",
                "Active diffusivity [m2.s-1]": 4e-15,
                "Exchange current density factor [A.m2.5.mol-1.5]": 3.42e-6,
                "Nominal stoichiometry window": 5.0 / sites,
                "Separator thickness [m]": 12e-6,
                "Separator porosity": 0.47,
                "Separator tortuosity factor": 0.47**-0.5,
                "Lower voltage limit [V]": 2.5,
                "Upper voltage limit [V]": 4.2,
            }
        )
    )


def graphite_parameters() -> ParameterSet:
    return ParameterSet.builtin("nmc811").with_values(
        {
            "Active maximum concentration [mol.m-3]": 33133.0,
            "Active open-circuit potential [V]": "graphite_chen2020",
            "Active diffusivity [m2.s-1]": 3.3e-14,
            "Exchange current density factor [A.m2.5.mol-1.5]": 6.48e-7,
        }
    )


def chen(mesh: Mesh, kind: type[DFN] = DFN, **options) -> DFN:
    negative = Negative(GRAPHITE_DESIGN, graphite_parameters(), (29866 / 33133, 17038 / 63104))
    return kind(CHEN_DESIGN, chen_parameters(), mesh, **{"film": False, "negative": negative, **options})


def chen_discharge(rate: float) -> Experiment:
    return Experiment([f"Discharge at {5.0 * rate!r} A until 2.5 V"], initial=f"x = {17038 / 63104!r}")


CHEN_CCCV = Experiment(
    ["Charge at 5 A until 4.2 V", "Hold at 4.2 V until 0.25 A", "Rest for 10 minutes"],
    initial=f"x = {53889.21786785448 / 63104!r}",
)


def nmc_cccv(rate: float) -> Experiment:
    current = f"{43.5 * rate!r} A/m2"
    steps = [
        f"Charge at {current} until 4.3 V",
        "Hold at 4.3 V until 2.175 A/m2",
        f"Discharge at {current} until 3.0 V",
    ]
    return Experiment(steps, initial="x = 0.8835")


def xu_discharge(rate: float) -> Experiment:
    return Experiment([f"Discharge at {2.4 * rate!r} mA until 3.5 V"], initial=f"x = {4631 / 48230!r}")


XU_CCCV = Experiment(
    ["Charge at 2.4 mA until 4.2 V", "Hold at 4.2 V until 0.12 mA", "Rest for 10 minutes"], initial="x = 0.9"
)

CASES = {
    "nmc811_half_cccv_1C": (nmc, nmc_cccv(1.0)),
    "nmc811_half_cccv_C3": (nmc, nmc_cccv(1 / 3)),
    "xu2019_half_C3": (xu, xu_discharge(0.333333)),
    "xu2019_half_1C": (xu, xu_discharge(1.0)),
    "xu2019_half_2C": (xu, xu_discharge(2.0)),
    "xu2019_half_cccv": (xu, XU_CCCV),
    "chen2020_full_C3": (chen, chen_discharge(1 / 3)),
    "chen2020_full_1C": (chen, chen_discharge(1.0)),
    "chen2020_full_2C": (chen, chen_discharge(2.0)),
    "chen2020_full_cccv": (chen, CHEN_CCCV),
}


def read_series(shared: Path, case: str) -> np.ndarray:
    """Time, current, voltage, surface and mean stoichiometry, one row per time."""
    with (shared / "reference" / f"pybamm_{case}_tIV.csv").open() as file:
        return np.array(list(csv.reader(file))[1:], dtype=float)


def read_profiles(shared: Path, case: str, name: str) -> dict[float, np.ndarray]:
    """Place and value of one quantity, by time."""
    offset = 0.0 if "full" in case else 7e-4  # half cells: behind a layer of lithium
    out: dict[float, list] = {}
    with (shared / "reference" / f"pybamm_{case}_profiles.csv").open() as file:
        for row in csv.DictReader(file):
            if row["quantity"] == name:
                out.setdefault(float(row["t_s"]), []).append(
                    (float(row["x_m"]) - offset, float(row["value"]))
                )
    return {time: np.array(rows) for time, rows in out.items()}


def voltage_difference(solution, series: np.ndarray) -> np.ndarray:
    """Our voltage less the reference's [V], step by step: each time over the end of its step.

    A step that ends a second later shifts all that follows; times count from the end of the step before.
    """
    bounds = [0, *(np.flatnonzero(np.diff(series[:, 0]) == 0) + 1), len(series)]
    out = []
    for k, (low, high) in enumerate(itertools.pairwise(bounds)):
        rows, report = series[low:high], solution.steps[k]
        times = report.start + rows[:, 0] - rows[0, 0]
        inside = times <= report.end
        out.append(solution.at("Voltage [V]", times[inside], step=k) - rows[inside, 2])
    return np.concatenate(out)
