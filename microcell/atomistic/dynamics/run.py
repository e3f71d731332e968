"""Molecular dynamics in a thermostat or barostat of ASE, written as it goes, restartable, watched.

Any ASE calculator will do; the barostat needs stresses. Beside the trajectory stands a JSON file of the same
name with the settings, from which a restart and the analysis learn the time between frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase import Atoms, units
from ase.io.trajectory import Trajectory
from ase.md.bussi import Bussi
from ase.md.langevin import Langevin
from ase.md.md import MolecularDynamics
from ase.md.nose_hoover_chain import MTKNPT
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

from ...errors import AtomisticError
from ...files import read_json, write_json
from .watch import Watch

Ensemble = Literal["nvt-bussi", "nvt-langevin", "npt"]
ENSEMBLES: tuple[Ensemble, ...] = ("nvt-bussi", "nvt-langevin", "npt")
Progress = Callable[[int, int], Any]


@dataclass(frozen=True)
class RunSettings:
    """How to run.

    Attributes
    ----------
    temperature : float
        [K].
    steps : int
        Time steps in all, those of the equilibration included.
    timestep : float
        [fs]; 1 fs resolves the vibrations of oxides.
    ensemble : {"nvt-bussi", "nvt-langevin", "npt"}
        Stochastic velocity rescaling (Bussi, Donadio & Parrinello 2007), which leaves diffusion almost
        untouched; Langevin dynamics, whose friction slows it down; Martyna-Tobias-Klein barostat with a free
        cell.
    relaxation : float
        Time constant of the thermostat [fs].
    pressure : float
        Of the barostat [GPa].
    barostat : float
        Time constant of the barostat [fs].
    interval : int
        Steps between two frames of the trajectory.
    equilibration : int
        Steps that the analysis leaves out.
    seed : int
        Of velocities and thermostat.
    """

    temperature: float
    steps: int
    timestep: float = 1.0
    ensemble: Ensemble = "nvt-bussi"
    relaxation: float = 100.0
    pressure: float = 0.0
    barostat: float = 1000.0
    interval: int = 20
    equilibration: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot be run."""
        positive = ("temperature", "steps", "timestep", "relaxation", "barostat", "interval")
        for key in positive:
            value = getattr(self, key)
            if not (np.isfinite(value) and value > 0):
                raise AtomisticError("A setting must be positive", key=key, value=value, allowed="> 0")
        if self.ensemble not in ENSEMBLES:
            raise AtomisticError(
                "The ensemble is not known",
                key="ensemble",
                value=self.ensemble,
                allowed=", ".join(ENSEMBLES),
            )
        if not 0 <= self.equilibration < self.steps:
            raise AtomisticError(
                "The equilibration leaves nothing to analyse",
                key="equilibration",
                value=self.equilibration,
                allowed=f"0 to {self.steps - 1} steps",
            )

    @property
    def frame_time(self) -> float:
        """Time between two frames [ps]."""
        return self.interval * self.timestep * 1e-3


def run(
    atoms: Atoms,
    calculator: Any,
    settings: RunSettings,
    trajectory: str | Path,
    *,
    restart: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Run molecular dynamics and write a frame every so many steps.

    Parameters
    ----------
    atoms : ase.Atoms
        Start structure; not changed. Velocities are drawn from the Maxwell-Boltzmann distribution.
    calculator : ase calculator
        Energies and forces; stresses for "npt".
    settings : RunSettings
        How long, how hot.
    trajectory : path
        File to write, ``.traj``; a JSON file with the settings goes beside it.
    restart : bool
        Go on from the last frame of an existing trajectory to the total number of steps; the noise of the
        thermostat starts anew.
    progress : callable, optional
        Called with the steps done and the steps in all, at every frame.

    Returns
    -------
    Path
        The trajectory.

    Raises
    ------
    AtomisticError
        If the structure breaks down during the run; frames until then are kept.
    """
    path = Path(trajectory)
    _check(atoms, path, restart)
    path.parent.mkdir(parents=True, exist_ok=True)
    state, done = _restart(path, atoms, settings) if restart else (_start(atoms, settings), 0)
    state.calc = calculator
    state.get_forces()  # what the calculator refuses is refused here, in its own words
    watch = Watch(atoms, settings.temperature)
    dynamics = _dynamics(state, settings, np.random.default_rng([settings.seed, done]))
    if not restart:
        write_json(path.with_suffix(".json"), {"settings": asdict(settings), "formula": str(atoms.symbols)})
    left = settings.steps - done
    with Trajectory(path, "a" if restart else "w", state) as frames:

        def record() -> None:
            step = done + dynamics.nsteps
            if not (restart and dynamics.nsteps == 0):
                watch.check(state, step * settings.timestep * 1e-3)
                frames.write(state)
            if progress is not None:
                progress(step, settings.steps)

        dynamics.attach(record, interval=settings.interval)
        _advance(dynamics, left, done, settings)
    return path


def _advance(dynamics: MolecularDynamics, steps: int, done: int, settings: RunSettings) -> None:
    try:
        dynamics.run(steps)
    except AtomisticError as error:
        time = (done + dynamics.nsteps) * settings.timestep * 1e-3
        raise AtomisticError(
            f"The dynamics broke down after {time:.3f} ps at {settings.temperature:g} K: {error.problem}",
            value=error.value,
            allowed=error.allowed,
            fix=error.fix or "relax first, or take a shorter time step or another potential",
        ) from error


def _check(atoms: Atoms, path: Path, restart: bool) -> None:
    if path.suffix != ".traj":
        raise AtomisticError("A trajectory is a file .traj", file=path, fix="name it run.traj")
    if not np.isfinite(atoms.positions).all() or atoms.cell.rank < 3:
        raise AtomisticError("A position is not finite, or there is no cell", value=str(atoms.symbols))
    if restart and not path.exists():
        raise AtomisticError("There is no trajectory to go on from", file=path, fix="leave the restart out")


def _start(atoms: Atoms, settings: RunSettings) -> Atoms:
    state = atoms.copy()
    rng = np.random.default_rng(settings.seed)
    MaxwellBoltzmannDistribution(state, temperature_K=settings.temperature, rng=rng)
    Stationary(state)
    return state


def _restart(path: Path, atoms: Atoms, settings: RunSettings) -> tuple[Atoms, int]:
    """Return the last frame and the steps that led there."""
    written = read_json(path.with_suffix(".json"))["settings"]
    fixed = ("temperature", "timestep", "ensemble", "interval")
    changed = [key for key in fixed if written.get(key) != getattr(settings, key)]
    if changed:
        raise AtomisticError(
            "The trajectory was made with other settings",
            file=path,
            key=changed[0],
            value=getattr(settings, changed[0]),
            allowed=written.get(changed[0]),
            fix="go on with the same settings, or start a new trajectory",
        )
    with Trajectory(path) as frames:
        state, done = frames[-1], (len(frames) - 1) * settings.interval
    if str(state.symbols) != str(atoms.symbols):
        raise AtomisticError(
            "The trajectory is one of other atoms",
            file=path,
            value=str(state.symbols),
            allowed=str(atoms.symbols),
        )
    for name in set(atoms.arrays) - set(state.arrays):
        state.set_array(name, atoms.arrays[name])
    return state, done


def _dynamics(atoms: Atoms, settings: RunSettings, rng: np.random.Generator) -> MolecularDynamics:
    step, tau = settings.timestep * units.fs, settings.relaxation * units.fs
    if settings.ensemble == "nvt-bussi":
        return Bussi(atoms, step, settings.temperature, tau, rng=rng)
    if settings.ensemble == "nvt-langevin":
        # the drift of the centre of mass is taken out by the analysis; fixing it here would bias the noise
        kelvin = settings.temperature
        return Langevin(atoms, step, temperature_K=kelvin, friction=1.0 / tau, fixcm=False, rng=rng)
    return MTKNPT(
        atoms, step, settings.temperature, settings.pressure * units.GPa, tau, settings.barostat * units.fs
    )
