"""``microcell atomistic diffusion``: tracer diffusivity of lithium from molecular dynamics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import AtomisticError
from .hosts import Accuracy, Cutoff, PotentialName, RelaxCell, Rigid, Size, Species, Structure
from .options import AsJson, Out, Overwrite, Seed, prepare

if TYPE_CHECKING:
    from ase import Atoms

    from ...atomistic.dynamics import Diffusivity

DIRECTIONS = {"in the layers": "xy", "across": "z"}


def diffusion(
    structure: Structure,
    temperature: Annotated[
        list[float] | None,
        typer.Option("--temperature", "-T", metavar="KELVIN", help="Three or more give an Arrhenius fit."),
    ] = None,
    trajectory: Annotated[
        list[Path] | None,
        typer.Option(
            help="Analyse these trajectories, one for each temperature, instead of running dynamics.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    frame_time: Annotated[
        float | None, typer.Option(metavar="PS", help="Between frames of a trajectory of another program.")
    ] = None,
    vacancies: Annotated[float, typer.Option(metavar="SHARE", help="Share of lithium taken out.")] = 0.1,
    potential: PotentialName = "from_memory_unverified",
    species: Species = None,
    rigid: Rigid = False,
    cutoff: Cutoff = None,
    accuracy: Accuracy = 1e-3,
    size: Size = (4, 4, 1),
    relax_cell: RelaxCell = True,
    time: Annotated[float, typer.Option(metavar="PS", help="Length of each run.")] = 20.0,
    timestep: Annotated[float, typer.Option(metavar="FS", help="Time step.")] = 2.0,
    ensemble: Annotated[
        str, typer.Option(metavar="nvt-bussi|nvt-langevin|npt", help="Thermostat or barostat.")
    ] = "nvt-bussi",
    target: Annotated[float, typer.Option(metavar="KELVIN", help="Where the card states D.")] = 298.15,
    restart: Annotated[bool, typer.Option("--restart", help="Go on with the runs in the directory.")] = False,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Run molecular dynamics at several temperatures and fit tracer diffusivities with error bars.

    A run with too few hops gives an upper bound, not a diffusivity. Trajectories are kept; every other ASE
    calculator works from Python.

    Example: microcell atomistic diffusion LiCoO2 --species Co=Co3+ --rigid -T 800 -T 1000 -T 1300
    """
    from ..environment import enable_compile_cache
    from .hosts import describe, make_calculator, make_host

    temperatures = sorted(temperature or [800.0, 1000.0, 1300.0])
    folder = prepare(out, f"diffusion-{Path(structure).stem}", overwrite or restart)
    inputs: dict[str, Any] = {"structure": structure}
    if trajectory:
        files = _given(temperatures, trajectory)
    else:
        enable_compile_cache()
        calculator = make_calculator(potential, species, rigid, cutoff, accuracy)
        atoms = _with_vacancies(make_host(structure, size, calculator, relax_cell), vacancies, seed)
        inputs = describe(calculator, structure) | {
            "vacancies": vacancies,
            "ensemble": ensemble,
            "seed": seed,
        }
        choices = {"time": time, "timestep": timestep, "ensemble": ensemble, "seed": seed, "restart": restart}
        files = {t: _run(atoms, calculator, t, folder, choices) for t in temperatures}
    _analyse(files, frame_time, target, inputs, folder, as_json)


def _given(temperatures: list[float], trajectory: list[Path]) -> dict[float, Path]:
    if len(temperatures) != len(trajectory):
        raise AtomisticError(
            "Every trajectory needs its temperature",
            key="--trajectory",
            value=f"{len(trajectory)} trajectories, {len(temperatures)} temperatures",
            fix="give --temperature as often as --trajectory, both in the order of rising temperature",
        )
    return dict(zip(temperatures, trajectory, strict=True))


def _with_vacancies(atoms: Atoms, share: float, seed: int) -> Atoms:
    """Take out lithium at random; the charge is left to the background of the calculator."""
    import numpy as np

    lithium = np.flatnonzero(np.array(atoms.get_chemical_symbols()) == "Li")
    if not 0 <= share < 1:
        raise AtomisticError("Vacancies are a share", key="--vacancies", value=share, allowed="0 to below 1")
    gone = np.random.default_rng(seed).choice(lithium, round(share * len(lithium)), replace=False)
    left = atoms.copy()
    del left[np.sort(gone)]
    return left


def _run(atoms: Atoms, calculator: Any, temperature: float, folder: Path, choices: dict[str, Any]) -> Path:
    from ...atomistic.dynamics import RunSettings, run

    step = choices["timestep"]
    steps = round(choices["time"] * 1e3 / step)
    settings = RunSettings(
        temperature,
        steps,
        timestep=step,
        ensemble=choices["ensemble"],
        interval=max(1, round(20.0 / step)),
        equilibration=steps // 10,
        seed=choices["seed"],
    )
    path = folder / f"run-{temperature:g}K.traj"
    with _bar(f"{temperature:g} K") as show:
        return run(
            atoms, calculator, settings, path, restart=choices["restart"] and path.exists(), progress=show
        )


def _analyse(
    files: dict[float, Path],
    frame_time: float | None,
    target: float,
    inputs: dict[str, Any],
    folder: Path,
    as_json: bool,
) -> None:
    """Write table and pictures of all runs, and cards of those with enough hops."""
    import pandas as pd

    from ...atomistic import dynamics
    from .finish import finish

    tracks = {t: dynamics.read_track(path, frame_time=frame_time) for t, path in files.items()}
    found = {
        t: {way: dynamics.self_diffusivity(track, xyz) for way, xyz in DIRECTIONS.items()}
        for t, track in tracks.items()
    }
    along = {t: ways["in the layers"] for t, ways in found.items()}
    good = {t: value for t, value in along.items() if value.resolved}
    cards = {f"diffusivity-{t:g}K": value.card(t, **inputs) for t, value in good.items()}
    figures: dict[str, Any] = {
        f"displacement-{t:g}K": partial(dynamics.draw_displacement, value) for t, value in along.items()
    }
    if len(good) >= 3:
        values = zip(*((t, d.value, d.standard_error) for t, d in good.items()), strict=True)
        fit = dynamics.fit_arrhenius(*values)
        cards["diffusivity"] = fit.card(target, inputs=inputs)
        figures["arrhenius"] = partial(dynamics.draw_arrhenius, fit, temperature=target)
    rows = [_row(t, way, value) for t, ways in found.items() for way, value in ways.items()]
    finish(cards, {"diffusivities": pd.DataFrame(rows)}, figures, folder, as_json=as_json)
    if not good:
        along[max(along)].require()


def _row(temperature: float, way: str, value: Diffusivity) -> dict[str, Any]:
    return {
        "temperature [K]": temperature,
        "direction": way,
        "D [m2.s-1]": value.value,
        "standard error [m2.s-1]": value.standard_error,
        "hops": value.hops,
        "farthest [A]": value.farthest,
        "resolved": value.resolved,
        "upper bound [m2.s-1]": value.upper_bound,
    }


@contextmanager
def _bar(title: str) -> Iterator[Any]:
    """Show the steps done on the standard error output."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
