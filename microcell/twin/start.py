"""From a reduced state to the voxels of a 3D cell: the way back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from ..cell.halfcell import HalfCell
from ..errors import ParameterError
from ..p2d import Solution
from ..parameters.law import STOICHIOMETRY_LIMITS
from ..results.ledger import face_centre_z
from ..results.reduce import group_mean
from ..simulation.initial import InitialState
from .diffusion import diffusion_time
from .effective import Effective, electrolyte_per_slice


@dataclass(frozen=True)
class TwinStart:
    """A 3D state made of a reduced one, and what had to be adjusted.

    Attributes
    ----------
    state : InitialState
        For ``Simulation(cell, experiment, start=...)``.
    stoichiometry_shift : float
        Added to the stoichiometry of every voxel, so that the mean is that of the reduced state.
    salt_factor : float
        What the salt was multiplied with, so that its amount is that of the reduced state.
    """

    state: InitialState = field(repr=False)
    stoichiometry_shift: float
    salt_factor: float


@dataclass(frozen=True)
class _Reduced:
    """A reduced state at one time; E volumes of the electrode, P sizes, N volumes in all."""

    x: np.ndarray  # centres from the lithium plane [m], (N,)
    mean: np.ndarray  # stoichiometry, (E, P)
    surface: np.ndarray  # (E, P)
    film: np.ndarray  # [m], (E, P)
    c_e: np.ndarray  # (N,)
    phi_e: np.ndarray  # (N,)
    phi_s: np.ndarray  # (E,)
    voltage: float
    overall: float  # mean stoichiometry of the electrode

    @property
    def electrode(self) -> np.ndarray:
        """Centres of the electrode's volumes [m]."""
        return self.x[-len(self.mean) :]


def start_from_twin(
    cell: HalfCell, twin: Effective, solution: Solution, time: float | None = None
) -> TwinStart:
    """Map a reduced state onto the voxels of a cell.

    Parameters
    ----------
    cell : HalfCell
        The cell to start.
    twin : Effective
        Which particle belongs to which size: `homogenize` of this cell.
    solution : Solution
        Of a reduced model with as many sizes.
    time : float, optional
        Time of the state [s]; the end where left out.

    Returns
    -------
    TwinStart
        Lithium of solid and electrolyte are those of the reduced state to rounding.

    Raises
    ------
    ParameterError
        If the solution is of a full cell, or of other particle sizes.

    Notes
    -----
    Every quantity is interpolated linearly through the plane. Voxels take mean and surface stoichiometry of
    the size of their particle at their depth; in between, the profile is that of a steady flux in the image,
    ``x = surface + (mean - surface) u / <u>``, with the solution ``u`` of `diffusion_time` and its mean over
    the size. The reduced solution does not keep its radial profiles; shortly behind a change of current they
    are steeper at the surface than that. The image holds other amounts per slice and size than the reduced
    model: one shift of all stoichiometries then makes the mean equal (values are kept inside the limits of
    the laws), and one factor the salt. Potentials are only a first guess: the first step solves them.
    """
    _check(twin, solution)
    reduced = _at(solution, time)
    grid = cell.grid()
    depth = np.cumsum(cell.stack.dz) - 0.5 * cell.stack.dz
    separator = float(cell.stack.dz[: cell.stack.separator_cells].sum())
    shape, skip = cell.geometry.shape, cell.stack.separator_cells
    solid, shift = _stoichiometry(cell, twin, reduced, depth)
    salt, factor = _salt(cell, reduced, depth)
    planes = np.ones(shape)
    c_max = cell.parameters.number("Active maximum concentration [mol.m-3]")
    active = np.asarray(cell.geometry.active)
    owner = cell.particles.labels.reshape(-1)[grid.faces.active_index]  # type: ignore[union-attr]
    size = twin.sizes.of_particle[owner]
    film = _interpolate(separator + face_centre_z(grid.faces, grid), reduced.electrode, reduced.film, size)
    c = salt[:, None, None] * planes
    c[skip:] = np.where(active[skip:], c_max * solid, c[skip:])
    phi_s = np.interp(depth, reduced.electrode, reduced.phi_s)
    phi_e = np.interp(depth, reduced.x, reduced.phi_e)
    state = InitialState(
        c, film, phi_s[:, None, None] * planes, phi_e[:, None, None] * planes, reduced.voltage
    )
    return TwinStart(state, shift, factor)


def _at(solution: Solution, time: float | None) -> _Reduced:
    when = solution["Time [s]"][-1] if time is None else time
    names = {
        "mean": "Stoichiometry",
        "surface": "Surface stoichiometry",
        "film": "Rocksalt thickness [m]",
        "c_e": "Electrolyte concentration [mol.m-3]",
        "phi_e": "Electrolyte potential [V]",
        "phi_s": "Electrode potential [V]",
        "voltage": "Voltage [V]",
        "overall": "Mean stoichiometry",
    }
    values = {key: solution.at(name, np.array([when]))[0] for key, name in names.items()}
    for key in ("mean", "surface", "film"):  # in SPM and SPMe the same at every depth
        values[key] = np.broadcast_to(values[key], (len(values["phi_s"]), values[key].shape[1]))
    return _Reduced(x=solution["x [m]"], **values)


def _check(twin: Effective, solution: Solution) -> None:
    """Refuse what the image cannot take over."""
    sizes = solution.cell.positive.radius.shape[1]
    if not solution.cell.metal or sizes != len(twin.sizes.radii):
        kind = "half" if solution.cell.metal else "full"
        raise ParameterError(
            "This reduced state does not fit the 3D cell",
            key="solution",
            value=f"a {kind} cell with {sizes} particle sizes",
            allowed=f"a half cell with {len(twin.sizes.radii)} sizes",
            fix="solve a model of `twin.design`",
        )


def _interpolate(depth: np.ndarray, centres: np.ndarray, values: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Interpolate a quantity (E, P) linearly at places with a depth and a size each."""
    columns = np.stack([np.interp(depth, centres, column) for column in values.T])
    return np.asarray(columns[size, np.arange(len(depth))])


def _stoichiometry(
    cell: HalfCell, twin: Effective, reduced: _Reduced, depth: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the stoichiometry of the image's voxels, and the shift that makes its mean right."""
    skip = cell.stack.separator_cells
    active = np.asarray(cell.geometry.active)[skip:]
    place = np.nonzero(active)
    labels = cell.particles.labels[place]  # type: ignore[union-attr]
    size, z = twin.sizes.of_particle[labels], depth[skip:][place[0]]
    mean, surface = (
        _interpolate(z, reduced.electrode, values, size) for values in (reduced.mean, reduced.surface)
    )
    lag = diffusion_time(cell)[place]
    whole = group_mean(size, lag, np.ones(len(size)), len(twin.sizes.radii))
    x = surface + (mean - surface) * lag / whole[size]

    def excess(shift: float) -> float:
        return float(np.mean(np.clip(x + shift, *STOICHIOMETRY_LIMITS)) - reduced.overall)

    shift = float(brentq(excess, -1.0, 1.0, xtol=1e-15))
    field = np.full(active.shape, np.nan)
    field[place] = np.clip(x + shift, *STOICHIOMETRY_LIMITS)
    return field, shift


def _salt(cell: HalfCell, reduced: _Reduced, depth: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the salt of every slice, and the factor that makes its amount that of the reduced state."""
    skip, dz = cell.stack.separator_cells, cell.stack.dz
    separator, electrode = cell.parameters.number("Separator porosity"), electrolyte_per_slice(cell)
    counts = [len(reduced.x) - len(reduced.mean), len(reduced.mean)]
    per_volume = [separator * dz[:skip].sum() / counts[0], float(electrode @ dz[skip:]) / counts[1]]
    target = float(np.repeat(per_volume, counts) @ reduced.c_e)
    c = np.interp(depth, reduced.x, reduced.c_e)
    factor = target / float(np.concatenate([separator * dz[:skip], electrode * dz[skip:]]) @ c)
    return factor * c, factor
