"""How long lithium diffuses inside the active material of an image, as the radius of an equal sphere."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from ..cell.halfcell import HalfCell
from ..errors import SolverError

TOLERANCE = 1e-8
"""Residual relative to the right-hand side; the radius is as accurate as half of the mean that follows."""

MAX_ITERATIONS = 5000


def diffusion_time(cell: HalfCell) -> np.ndarray:
    """Return how far each active voxel is from the electrolyte for diffusion, times the diffusivity.

    The solution of ``-div grad u = 1`` with ``u = 0`` on the interface and no flux elsewhere: the time in
    which a particle starting at the voxel reaches the interface on average, times D. In a sphere of radius R
    the mean over its volume is ``R^2 / 15``, which is also what its mean concentration lags behind that of
    its surface at a steady rate, divided by the rate (Crank, The Mathematics of Diffusion, section 6.3).

    Parameters
    ----------
    cell : HalfCell
        Its interface faces count as in the 3D model, half a voxel from the centre; contacts of particles
        block where ``particle_contact`` is "insulated".

    Returns
    -------
    ndarray, shape (z, y, x)
        [m2], zero outside the active material. Material without any interface has the mean of the rest.

    Raises
    ------
    SolverError
        If conjugate gradients do not converge.
    """
    skip = cell.stack.separator_cells
    active = np.asarray(cell.geometry.active)[skip:]
    number = np.full(active.shape, -1)
    number[active] = np.arange(np.count_nonzero(active))
    links, conductance = _links(cell, number)
    ground = _ground(cell, number, skip)
    count = len(ground)
    graph = sparse.coo_array((conductance, links), shape=(count, count))
    graph = (graph + graph.T).tocsr()
    component = sparse.csgraph.connected_components(graph, directed=False)[1]
    wetted = np.isin(component, component[ground > 0])
    matrix = sparse.diags_array(graph.sum(axis=1) + ground) - graph
    u = np.zeros(count)
    u[wetted] = _solve(matrix[wetted][:, wetted], cell.volume.voxel_volume)
    u[~wetted] = u[wetted].mean()
    field = np.zeros(active.shape)
    field[active] = u
    return field


def _links(cell: HalfCell, number: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return pairs of neighbouring active voxels, and area over distance [m]."""
    size = np.asarray(cell.volume.voxel_size)
    low, high, weight = [], [], []
    for axis in range(3):
        one, other = (np.take(number, part, axis) for part in _both(number.shape[axis]))
        joined = (one >= 0) & (other >= 0)
        if cell.particle_contact == "insulated" and cell.particles is not None:
            labels = cell.particles.labels
            joined &= np.equal(*(np.take(labels, part, axis) for part in _both(number.shape[axis])))
        low.append(one[joined])
        high.append(other[joined])
        weight.append(np.full(len(low[-1]), size.prod() / size[axis] ** 2))
    return (np.concatenate(low), np.concatenate(high)), np.concatenate(weight)


def _both(length: int) -> tuple[range, range]:
    return range(length - 1), range(1, length)


def _ground(cell: HalfCell, number: np.ndarray, skip: int) -> np.ndarray:
    """Return area over distance to the interface, summed over the faces of each active voxel [m]."""
    faces, size = cell.grid().faces, np.asarray(cell.volume.voxel_size)
    conductance = (2.0 * size.prod() / size**2)[faces.axis]
    return np.bincount(
        number.reshape(-1)[faces.active_index], weights=conductance, minlength=int(number.max()) + 1
    )


def _solve(matrix: sparse.csr_array, source: float) -> np.ndarray:
    diagonal = matrix.diagonal()
    jacobi = linalg.LinearOperator(matrix.shape, matvec=lambda r: r / diagonal, dtype=float)
    right = np.full(matrix.shape[0], source)
    u, code = linalg.cg(matrix, right, rtol=TOLERANCE, maxiter=MAX_ITERATIONS, M=jacobi)
    if code:
        raise SolverError(
            f"the diffusion length did not converge in {MAX_ITERATIONS} iterations",
            fix='choose radius_rule = "surface" or "volume"',
        )
    return np.asarray(u)
