"""The real cathode as a half cell, the protocol of the paper, and the numbers of a run on it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import memory
import numpy as np
from compiling import Compilations

import microcell as mc

Crop = list[list[int]]


def half_cell(volumes: Path, crop: Crop, changes: dict[str, Any] | None = None) -> mc.HalfCell:
    """Make a half cell of a crop (z, y, x) of the calendered cathode."""
    return cell_of(calendered(volumes, crop), changes)


def calendered(volumes: Path, crop: Crop) -> mc.Volume:
    """Read a crop (z, y, x) of the calendered NMC cathode, three phases, 398 nm voxels."""
    return mc.Volume.read(
        volumes / "nmc_cal_3phase.tif",
        voxel_size="398 nm",
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
        crop=crop,
    )


def cell_of(volume: mc.Volume, changes: dict[str, Any] | None = None) -> mc.HalfCell:
    """Make a half cell of a volume with the built-in parameters."""
    parameters = mc.ParameterSet.builtin("nmc811").with_values(changes or {})
    return mc.HalfCell(volume, parameters, particles=mc.segment(volume))


def charge_hold_discharge(rate: str = "1C") -> mc.Experiment:
    """Charge to 4.3 V, hold to C/20, discharge to 3.0 V, from 3.6 V."""
    steps = [f"Charge at {rate} until 4.3 V", "Hold at 4.3 V until C/20", f"Discharge at {rate} until 3.0 V"]
    return mc.Experiment(steps, initial="3.6 V")


def run(name: str, make_cell: Callable[[], mc.HalfCell], experiment: mc.Experiment) -> dict[str, Any]:
    """Run a protocol without the persistent cache of compiled programs; wall time from the image on.

    Returns
    -------
    dict
        Wall time, what compiling took of it, counts, bytes, balances; ready for JSON.
    """
    jax.config.update("jax_enable_compilation_cache", False)  # cold, as on a fresh machine
    held, begun = memory.reset_peak(), time.perf_counter()
    with Compilations() as compiled:
        cell = make_cell()
        folder = tempfile.mkdtemp(prefix=f"{name}-")
        solution = mc.Simulation(cell, experiment).solve(folder, overwrite=True)
    wall, peak = time.perf_counter() - begun, memory.peak()
    compiling = compiled.report()
    rows = solution.timeseries
    cells = int(np.prod(cell.geometry.shape))
    newton, krylov = rows["Newton iterations"].to_numpy(), rows["Krylov iterations"].to_numpy()
    return {
        "voxels": int(np.prod(cell.volume.shape)),
        "cells_with_separator": cells,
        "wall_s": wall,
        "wall_without_compiling_s": wall - compiling["xla_s"] - compiling["trace_and_lower_s"],
        "compiling": compiling,
        "step_median_s": float(np.median(np.diff(rows["Wall time [s]"].to_numpy()))),
        "steps": solution.steps.to_dict("records"),
        "statistics": solution.statistics,
        "newton_median_per_step": float(np.median(newton)),
        "krylov_median_per_newton": float(np.median(krylov / np.maximum(newton, 1))),
        "process_bytes_per_cell": (peak - held) / cells,
        "solver_bytes_per_cell": solver_bytes(cell, experiment) / cells,
        "mean_film_end_nm": {
            f"step {number}": 1e9 * float(group["Mean rocksalt thickness [m]"].iloc[-1])
            for number, group in rows.groupby("Step")
        },
    }


def solver_bytes(cell: mc.HalfCell, experiment: mc.Experiment) -> int:
    """Bytes of the compiled time step: arguments, results and scratch, as XLA counts them."""
    from microcell.simulation.precision import computing_on

    simulation = mc.Simulation(cell, experiment)
    with computing_on(None):
        analysis = simulation.start_stepper().lower_step().compile().memory_analysis()
    # what is donated serves as argument and as result
    return (
        analysis.argument_size_in_bytes
        + analysis.output_size_in_bytes
        - analysis.alias_size_in_bytes
        + analysis.temp_size_in_bytes
    )
