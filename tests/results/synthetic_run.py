"""A run that no solver made: three spheres and a film that is a known function of position and diameter."""

from __future__ import annotations

import numpy as np

from microcell.cell.snapshot import ACTIVE, CBD, PORE, SEPARATOR, FaceTable, RunGrid, Snapshot
from microcell.results import RunWriter

SHAPE = (24, 16, 16)
VOXEL = (0.5e-6, 0.4e-6, 0.4e-6)
SPHERES = (
    ((2.6e-6, 3.2e-6, 3.2e-6), 2.4e-6),
    ((7.5e-6, 4.4e-6, 2.0e-6), 1.5e-6),
    ((9.5e-6, 1.6e-6, 4.8e-6), 1.2e-6),
)
CASE = {"volume": {"path": "spheres.tif"}, "protocol": {"steps": ["Charge at 1C until 4.3 V"]}}
INFO = {
    "area_m2": 16 * 0.4e-6 * 16 * 0.4e-6,
    "one_c_current_A": 1.2e-9,
    "critical_concentration_mol_m3": 11950.0,
    "capacity_Ah": 1.2e-9,
    "c_max_mol_m3": 50636.0,
    "device": "cpu",
}


def interface_faces(phases: np.ndarray, voxel_size: tuple[float, float, float]) -> FaceTable:
    """List the active | electrolyte faces one voxel at a time: slow, but independent of the product."""
    rows = []
    area = np.prod(voxel_size) / np.array(voxel_size)
    for position in np.argwhere(phases == ACTIVE):
        for axis in range(3):
            for side in (-1, 1):
                other = position.copy()
                other[axis] += side
                if axis == 0 and other[0] == -1:
                    rows.append((_flat(position, phases), -1, 0, -1, area[0], 1.0, SEPARATOR))
                elif 0 <= other[axis] < phases.shape[axis] and phases[tuple(other)] in (PORE, CBD):
                    phase = phases[tuple(other)]
                    theta = 0.5 if phase == CBD else 1.0
                    rows.append(
                        (_flat(position, phases), _flat(other, phases), axis, side, area[axis], theta, phase)
                    )
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    types = (np.int64, np.int64, np.int8, np.int8, np.float64, np.float64, np.int8)
    return FaceTable(*(column.astype(kind) for column, kind in zip(columns, types, strict=True)))


def _flat(position: np.ndarray, phases: np.ndarray) -> int:
    return int(np.ravel_multi_index(tuple(position), phases.shape))


def make_grid(*, particles: bool = True) -> RunGrid:
    z, y, x = (
        (np.arange(n) + 0.5).reshape([-1 if axis == i else 1 for i in range(3)]) * edge
        for axis, (n, edge) in enumerate(zip(SHAPE, VOXEL, strict=True))
    )
    labels = np.zeros(SHAPE, dtype=np.int32)
    for number, ((cz, cy, cx), radius) in enumerate(SPHERES, start=1):
        labels[(z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 < radius**2] = number
    phases = np.where(labels > 0, ACTIVE, PORE).astype(np.uint8)
    phases[:, 12:, 12:][phases[:, 12:, 12:] == PORE] = CBD
    faces = interface_faces(phases, VOXEL)
    return RunGrid(phases, VOXEL, np.full(4, 5e-6), labels if particles else None, faces)


def film_at(grid: RunGrid, time: float) -> np.ndarray:
    """Grow from 0.2 nm after 2000 s, faster near the separator and on small particles."""
    diameter = np.array([np.nan] + [2 * radius for _, radius in SPHERES])
    label = make_grid().particles.reshape(-1)[grid.faces.active_index]
    z = VOXEL[0] * (grid.faces.active_index // (SHAPE[1] * SHAPE[2]) + 0.5)
    growth = 0.2e-9 * (1.0 - 0.1 * diameter[label] / 4.8e-6) * (1.0 - 0.2 * z / 12e-6)
    return 0.2e-9 + growth * np.clip((time - 2000.0) / 3000.0, 0.0, 1.0)


def make_snapshot(grid: RunGrid, time: float) -> Snapshot:
    faces, shape = grid.faces, grid.phases.shape
    depth = np.broadcast_to(((np.arange(shape[0]) + 0.5) / shape[0])[:, None, None], shape)
    stoichiometry = np.interp(time, [0.0, 2400.0, 5000.0, 8000.0], [0.88, 0.26, 0.2157, 0.85])
    lithium = 50636.0 * (stoichiometry + 0.02 * depth)
    active, ionic = grid.phases == ACTIVE, np.isin(grid.phases, (PORE, CBD))
    film = film_at(grid, time)
    current = np.where(time < 5000.0, 1.0, -1.0) * (1.5 - depth.reshape(-1)[faces.active_index])
    count = np.bincount(faces.active_index, minlength=active.size)
    mean_film = np.full(active.size, np.nan)
    total = np.bincount(faces.active_index, film * faces.area, active.size)
    weight = np.bincount(faces.active_index, faces.area, active.size)
    mean_film[count > 0] = total[count > 0] / weight[count > 0]
    fields = {
        "Active concentration [mol.m-3]": np.where(active, lithium, np.nan),
        "Electrolyte concentration [mol.m-3]": np.where(ionic, 1200.0 - 300.0 * depth, np.nan),
        "Solid potential [V]": np.where(active | (grid.phases == CBD), 4.2 - 0.01 * depth, np.nan),
        "Electrolyte potential [V]": np.where(ionic, -0.02 - 0.05 * depth, np.nan),
        "Rocksalt thickness [m]": mean_film.reshape(shape),
    }
    surface = 0.98 * lithium.reshape(-1)[faces.active_index]
    return Snapshot(time, fields, film, current, surface)


def make_row(time: float) -> dict[str, float]:
    voltage = float(np.interp(time, [0.0, 2400.0, 5000.0, 5001.0, 8000.0], [3.6, 4.3, 4.3, 4.1, 3.0]))
    rates = (-1.0, -1.0, -0.4, -0.05, 1.0, 1.0)
    current = 1.2e-9 * float(np.interp(time, [0.0, 2400.0, 3000.0, 5000.0, 5001.0, 8000.0], rates))
    film = 0.2e-9 + 0.18e-9 * min(max((time - 2000.0) / 3000.0, 0.0), 1.0)
    return {
        "Time [s]": time,
        "Current [A]": current,
        "Current density [A.m-2]": current / INFO["area_m2"],
        "Voltage [V]": voltage,
        "Step": 1.0 + (time > 2400.0) + (time > 5000.0),
        "Time step [s]": 100.0,
        "Mean rocksalt thickness [m]": film,
        "Minimum rocksalt thickness [m]": 0.2e-9 + 0.8 * (film - 0.2e-9),
        "Maximum rocksalt thickness [m]": 0.2e-9 + 1.1 * (film - 0.2e-9),
        "Mean stoichiometry": float(np.interp(time, [0.0, 2400.0, 5000.0, 8000.0], [0.88, 0.26, 0.22, 0.85])),
        "Lithium drift": 3e-12,
        "Charge balance error": -2e-11,
        "Newton iterations": 3.0,
        "Krylov iterations": 41.0,
        "Wall time [s]": time / 100.0,
        "C-rate": current / INFO["one_c_current_A"],
    }


STEP_ENDS = (
    {"description": "Charge at 1C until 4.3 V", "reason": "voltage reached 4.3 V", "time_s": 2400.0},
    {"description": "Hold at 4.3 V until C/20", "reason": "current fell to C/20", "time_s": 5000.0},
    {"description": "Discharge at 1C until 3.0 V", "reason": "voltage reached 3.0 V", "time_s": 8000.0},
)
SNAPSHOT_TIMES = (0.0, 2400.0, 3700.0, 5000.0, 8000.0)
STATISTICS = {"Time steps": 81, "Wall time [s]": 80.0}


def write_run(writer: RunWriter, grid: RunGrid, start: float = -1.0, end: float = 8000.0) -> None:
    """Stream rows, snapshots and step ends with start < time <= end, in their order."""
    ends = {info["time_s"]: info for info in STEP_ENDS}
    for time in np.arange(0.0, 8100.0, 100.0):
        if start < time <= end:
            writer.record(make_row(float(time)))
            if time in SNAPSHOT_TIMES:
                writer.snapshot(make_snapshot(grid, float(time)))
            if time in ends:
                writer.step_end(ends[time])
