"""Positions over time as diffusion needs them: continuous, without drift, in directions of the crystal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from ...files import read_json

FEWEST_FRAMES = 20


@dataclass(frozen=True)
class Track:
    """The way of every atom of one kind.

    Attributes
    ----------
    places : ndarray, shape (frames, atoms, 3)
        Continuous positions [Angstrom] along x (the a axis), y, and z (normal to a and b), relative to the
        host.
    frame_time : float
        Time between frames [ps].
    element : str
        Which atoms.
    temperature : float
        Mean kinetic temperature [K]; NaN where the frames hold no velocities.
    formula : str
        Of the whole cell.
    """

    places: np.ndarray
    frame_time: float
    element: str
    temperature: float
    formula: str

    @property
    def time(self) -> float:
        """Length of the track [ps]."""
        return (len(self.places) - 1) * self.frame_time


def read_track(
    path: str | Path,
    element: str = "Li",
    *,
    frame_time: float | None = None,
    skip: float | None = None,
) -> Track:
    """Read a trajectory and return the continuous way of one element.

    Parameters
    ----------
    path : path
        Any trajectory that ASE reads, with the same atoms in every frame.
    element : str
        Which atoms.
    frame_time : float, optional
        Time between frames [ps]; from the JSON file of `run` where left out.
    skip : float, optional
        Time to leave out at the start [ps]; the equilibration of `run` where left out.

    Raises
    ------
    AtomisticError
        If the file cannot be read, is too short, lacks the element, or holds positions that are not finite.
    """
    path = Path(path)
    frames = _read(path)
    step, start = _times(path, frame_time, skip)
    kept = frames[round(start / step) :]
    if len(kept) < FEWEST_FRAMES:
        raise AtomisticError(
            "The trajectory is too short",
            file=path,
            value=f"{len(kept)} frames after the first {start:g} ps",
            allowed=f"{FEWEST_FRAMES} frames or more",
            fix="run longer, or write frames more often",
        )
    chosen = np.array(kept[0].get_chemical_symbols()) == element
    if not chosen.any():
        raise AtomisticError(
            f"The trajectory holds no {element}",
            file=path,
            value=str(kept[0].symbols),
            fix="name an element of it",
        )
    places = without_drift(unwrap(kept), chosen, kept[0].get_masses()) @ _axes(kept[0]).T
    return Track(places[:, chosen], step, element, _temperature(kept), kept[0].get_chemical_formula())


def _read(path: Path) -> list[Atoms]:
    try:
        frames = ase.io.read(path, index=":")
    except (OSError, ValueError, ase.io.formats.UnknownFileTypeError) as error:
        raise AtomisticError(f"The trajectory cannot be read: {error}", file=path) from error
    frames = frames if isinstance(frames, list) else [frames]
    if len({str(frame.symbols) for frame in frames}) > 1:
        raise AtomisticError("The atoms are not the same in all frames", file=path)
    for number, frame in enumerate(frames):
        if not (np.isfinite(frame.positions).all() and frame.cell.rank == 3):
            raise AtomisticError(
                "A frame has a position that is not finite, or no cell", file=path, value=f"frame {number}"
            )
    return frames


def _times(path: Path, frame_time: float | None, skip: float | None) -> tuple[float, float]:
    """Return time between frames and time to skip [ps]."""
    beside = path.with_suffix(".json")
    settings = read_json(beside).get("settings", {}) if beside.exists() else {}
    if frame_time is None and settings:
        frame_time = settings["interval"] * settings["timestep"] * 1e-3
    if frame_time is None or not frame_time > 0:
        raise AtomisticError(
            "The time between frames is not known",
            file=path,
            key="frame_time",
            value=frame_time,
            fix="give it in ps; 'run' of microcell writes it into a JSON file beside the trajectory",
        )
    if skip is None:
        skip = settings.get("equilibration", 0) * settings.get("timestep", 0.0) * 1e-3
    return frame_time, skip


def unwrap(frames: list[Atoms]) -> np.ndarray:
    """Return continuous Cartesian positions [Angstrom], shape (frames, atoms, 3).

    Between two frames every atom takes the shortest way in fractional coordinates: frames must be written
    before an atom moves by half a cell. In a cell that breathes, displacements are scaled to the mean cell.
    """
    scaled = np.array([frame.get_scaled_positions(wrap=False) for frame in frames])
    steps = np.diff(scaled, axis=0)
    steps -= np.round(steps)
    whole = np.concatenate([scaled[:1], scaled[0] + np.cumsum(steps, axis=0)])
    return np.asarray(whole @ np.mean([frame.cell.array for frame in frames], axis=0))


def without_drift(places: np.ndarray, mobile: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Return positions relative to the centre of mass of the host.

    Parameters
    ----------
    places : ndarray, shape (frames, atoms, 3)
        Continuous positions.
    mobile : ndarray of bool, shape (atoms,)
        Atoms that are not part of the host; where there are no others, all atoms are.
    masses : ndarray, shape (atoms,)
        Weights.
    """
    weights = np.where(mobile, 0.0, masses) if not mobile.all() else masses
    centre = np.einsum("fax,a->fx", places, weights) / weights.sum()
    return np.asarray(places - (centre - centre[0])[:, None])


def _axes(atoms: Atoms) -> np.ndarray:
    """Return the directions x along a, z normal to a and b, and y, as rows."""
    a, b, _ = atoms.cell.array
    x, z = a / np.linalg.norm(a), np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    return np.array([x, np.cross(z, x), z])


def _temperature(frames: list[Atoms]) -> float:
    values = [frame.get_temperature() for frame in frames if frame.has("momenta")]
    return float(np.mean(values)) if values else float("nan")
