"""Other solvers on the assembled matrix of the potential problem: PyAMG, and BoomerAMG (hypre) through PETSc.

Run by ``potential_solve.py``: ``python potential_peers.py SOLVER FOLDER TOLERANCE``, FOLDER with the arrays
of the matrix. It prints one line of JSON. It needs NumPy, SciPy and the solver, not microcell, so another
Python can run it; under ``mpirun`` BoomerAMG spreads the rows over the processes.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

REPEAT = 3
MOST = 300


def load(folder: Path) -> tuple[np.ndarray, ...]:
    """Row starts, columns, values and right-hand side, mapped from the files."""
    return tuple(
        np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("indptr", "indices", "data", "b")
    )


def pyamg_solve(kind: str, folder: Path, tolerance: float) -> dict[str, object]:
    """CG with one V-cycle of Ruge-Stuben or smoothed aggregation, PyAMG's defaults, best of three solves."""
    import pyamg
    from scipy.sparse import csr_matrix

    indptr, indices, data, b = (np.array(v) for v in load(folder))
    matrix = csr_matrix((data, indices, indptr))
    build = {"ruge_stuben": pyamg.ruge_stuben_solver, "smoothed": pyamg.smoothed_aggregation_solver}[kind]
    start = time.perf_counter()
    solver = build(matrix)
    setup = time.perf_counter() - start
    solve = np.inf
    for _ in range(REPEAT):
        residuals: list[float] = []
        start = time.perf_counter()
        x = solver.solve(b, tol=tolerance, maxiter=MOST, accel="cg", residuals=residuals)
        solve = min(solve, time.perf_counter() - start)
    error = float(np.linalg.norm(b - matrix @ x) / np.linalg.norm(b))
    count, complexity = len(residuals) - 1, float(solver.operator_complexity())
    return row(setup, solve, count, error) | {"complexity": complexity, "version": pyamg.__version__}


def boomeramg_solve(folder: Path, tolerance: float) -> dict[str, object] | None:
    """CG with BoomerAMG, hypre's defaults, best of three solves; None on all processes but the first."""
    import petsc4py

    petsc4py.init()
    from petsc4py import PETSc

    indptr, indices, data, rhs = load(folder)
    rank, ranks = PETSc.COMM_WORLD.getRank(), PETSc.COMM_WORLD.getSize()
    n = len(rhs)
    first, last = n * rank // ranks, n * (rank + 1) // ranks
    entries = slice(int(indptr[first]), int(indptr[last]))
    own = np.array(indptr[first : last + 1]) - indptr[first]
    csr = (own.astype(PETSc.IntType), np.array(indices[entries], PETSc.IntType), np.array(data[entries]))
    matrix = PETSc.Mat().createAIJ(((last - first, n), (last - first, n)), csr=csr)
    solver = PETSc.KSP().create()
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("hypre")
    solver.getPC().setHYPREType("boomeramg")
    solver.setTolerances(rtol=tolerance, max_it=MOST)
    solver.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
    start = time.perf_counter()
    solver.setUp()
    setup = time.perf_counter() - start
    b = matrix.createVecLeft()
    b.setArray(np.array(rhs[first:last]))
    solve = np.inf
    for _ in range(REPEAT):
        x = b.duplicate()
        start = time.perf_counter()
        solver.solve(b, x)
        solve = min(solve, time.perf_counter() - start)
    error = (b - matrix * x).norm() / b.norm()
    version = ".".join(str(v) for v in PETSc.Sys.getVersion())
    result = row(setup, solve, solver.getIterationNumber(), error) | {"version": f"PETSc {version}"}
    return result if rank == 0 else None


def row(setup: float, solve: float, iterations: int, residual: float) -> dict[str, object]:
    """What every solver reports."""
    return {"setup_s": setup, "solve_s": solve, "iterations": iterations, "residual": residual}


def main() -> None:
    solver, folder, tolerance = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    if solver == "boomeramg":
        result = boomeramg_solve(folder, tolerance)
    else:
        result = pyamg_solve(solver, folder, tolerance)
    if result is not None:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
