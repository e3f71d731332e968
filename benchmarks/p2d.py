"""Warm discharge of the reduced model beside PyBaMM's DFN with IDAKLU: same half cell, volumes, core.

Run on one core: ``taskset -c 3 python benchmarks/p2d.py [REPEATS]``; writes ``results/p2d.json``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from record import save

from microcell.p2d import DFN, SPM, Mesh, SPMe
from tests.p2d.cases import xu, xu_discharge

VOLUMES = 20


def timed(run: Callable[[], Any], repeats: int) -> dict[str, Any]:
    """Return the time of the first call and the median of the later ones [s]."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {"first_s": times[0], "median_s": median(times[1:]), "least_s": min(times[1:])}


def ours(tolerance: float, kind: type[DFN] = DFN) -> Callable[[], Any]:
    """Xu2019, 1C to 3.5 V."""
    model, protocol = xu(Mesh(VOLUMES, VOLUMES, VOLUMES), kind, tolerance=tolerance), xu_discharge(1.0)
    return lambda: model.solve(protocol)


def pybamm_solve() -> Callable[[], Any]:
    """The same in PyBaMM, discretized once; default tolerances of IDAKLU."""
    import pybamm

    pybamm.set_logging_level("ERROR")
    model = pybamm.lithium_ion.DFN({"working electrode": "positive"})
    values = pybamm.ParameterValues("Xu2019")
    points = dict.fromkeys(("x_n", "x_s", "x_p", "r_n", "r_p"), VOLUMES)
    solver = pybamm.IDAKLUSolver()
    simulation = pybamm.Simulation(model, parameter_values=values, var_pts=points, solver=solver)
    return lambda: simulation.solve([0.0, 6000.0])


def main() -> None:
    """Measure and save."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    rows = {f"microcell, tolerance {t:g}": timed(ours(t), repeats) for t in (1e-3, 1e-4)}
    rows |= {f"microcell {kind.__name__}": timed(ours(1e-4, kind), repeats) for kind in (SPMe, SPM)}
    rows["PyBaMM IDAKLU"] = timed(pybamm_solve(), repeats)
    ratio = rows["microcell, tolerance 0.0001"]["median_s"] / rows["PyBaMM IDAKLU"]["median_s"]
    path = save(
        "p2d", {"case": "Xu2019 half cell, 1C to 3.5 V", "volumes": VOLUMES, "runs": rows, "ratio": ratio}
    )
    print(path.read_text())


if __name__ == "__main__":
    main()
