"""A fit described by a TOML file: potential to start from, free numbers, data."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import read
from pydantic import ValidationError

from ...errors import AtomisticError, did_you_mean
from ..potential import Potential
from ..structures import layered, primitive_rocksalt, rocksalt, root_three_cell
from ..structures.lattices import read_data
from .crystal import GPA, Crystal
from .defects import antisite_states, hop_states
from .difference import EnergyDifference
from .fit import Progress, fit
from .free import Free, FreeParameters
from .observations import Observation, frames_of
from .result import FitResult
from .scan import ScaleScan, scan_charge_scale
from .sections import (
    AntisiteSection,
    BarrierSection,
    CrystalSection,
    DifferenceSection,
    FramesSection,
    Problem,
)

_Energy = DifferenceSection | BarrierSection | AntisiteSection


@dataclass(frozen=True)
class FitFile:
    """A problem with the folder that its paths are relative to."""

    problem: Problem
    folder: Path
    file: Path

    @classmethod
    def read(cls, given: str | Path) -> FitFile:
        """Read a TOML file, or a built-in problem by its name.

        Raises
        ------
        AtomisticError
            If it cannot be read, or a key is unknown, missing or out of range.
        """
        path = Path(given)
        if path.suffix != ".toml":
            path = _builtin(str(given))
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(Problem.model_validate(content), path.parent, path)
        except (OSError, UnicodeDecodeError) as error:
            raise AtomisticError(
                f"The fit cannot be read: {error}", file=path, fix="check the path"
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise AtomisticError(f"The file is not valid TOML: {error}", file=path) from error
        except ValidationError as error:
            raise _as_error(error, path) from error

    def potential(self, *, rigid: bool = False) -> Potential:
        """Return the potential to start from."""
        given = self.problem.potential
        beside = self.folder / given
        found = Potential.read(beside) if given.endswith(".toml") else Potential.builtin(given)
        return found.rigid() if rigid else found

    def free(self, potential: Potential) -> FreeParameters:
        """Return what varies; numbers of shells are left out where the potential has none."""
        keys = ("name", "start", "low", "high", "same_as", "expected", "spread")
        chosen = [
            Free(**{key: getattr(section, key) for key in keys})
            for section in self.problem.free
            if potential.shell_names or section.name.partition("(")[0] not in ("shell", "spring")
        ]
        return FreeParameters(potential, chosen, scale=self.problem.charge_scale)

    def observations(self, potential: Potential) -> list[Observation]:
        """Return the data for a potential.

        Raises
        ------
        AtomisticError
            If a file cannot be read or holds no results.
        """
        made = (self._frames, self._crystals, self._differences, self._barriers, self._antisites)
        found = [observation for make in made for observation in make(potential)]
        if not any(o.fitted for o in found):
            raise AtomisticError(
                "There is nothing to fit to",
                file=self.file,
                key="frames, crystal, energy_difference, barrier, antisite",
            )
        return found

    def _frames(self, potential: Potential) -> list[Observation]:
        return [
            _described(frame, f)
            for f in self.problem.frames
            for frame in frames_of(
                self._images(f.file, f.images),
                potential,
                label=Path(f.file).stem,
                species=f.species,
                group=f.group,
                sigma_energy=f.sigma_energy,
                sigma_forces=f.sigma_forces,
                sigma_stress=f.sigma_stress / GPA,
            )
        ]

    def _crystals(self, potential: Potential) -> list[Observation]:
        found: list[Observation] = []
        for c in self.problem.crystal:
            options = {"repeats": c.repeats, "label": c.label or c.structure, "species": c.species}
            crystal = Crystal(self._crystal(c), potential, c.measured, fitted=c.fitted, **options)  # type: ignore[arg-type]
            found.append(_described(crystal, c))
        return found

    def _differences(self, potential: Potential) -> list[Observation]:
        found: list[Observation] = []
        for d in self.problem.energy_difference:
            first, second = (self._images(name, "0")[0] for name in (d.first, d.second))
            options = {"hold": d.hold, "background": d.background}
            found.append(_difference(first, second, potential, d, d.label, **options))
        return found

    def _barriers(self, potential: Potential) -> list[Observation]:
        found: list[Observation] = []
        for b in self.problem.barrier:
            first, middle, hold = hop_states(layered(b.structure, b.size), b.hop)
            label = b.label or f"{b.structure} {b.hop} hop"
            # lithium leaves without the hole that goes with it: the metals keep their charge
            found.append(_difference(first, middle, potential, b, label, hold=hold, background=True))
        return found

    def _antisites(self, potential: Potential) -> list[Observation]:
        found: list[Observation] = []
        for a in self.problem.antisite:
            host = layered(a.structure, a.size, ordering=a.ordering)
            states = antisite_states(host, a.metal, charge=a.charge, separation=a.separation)
            label = a.label or f"{a.structure} anti-site Li-{a.metal}"
            found.append(_difference(*states, potential, a, label))
        return found

    def fit(self, *, progress: Progress | None = None) -> FitResult:
        """Do the fit."""
        potential, problem = self.potential(), self.problem
        return fit(
            self.free(potential),
            self.observations(potential),
            absolute_sigma=problem.absolute_sigma,
            starts=problem.starts,
            evaluations=problem.evaluations,
            tolerance=problem.tolerance,
            name=problem.name,
            progress=progress,
        )

    def scan(self, *, progress: Callable[[int, int], None] | None = None) -> ScaleScan:
        """Scan over the scale of the charges.

        Raises
        ------
        AtomisticError
            If the file says nothing of a scan.
        """
        section = self.problem.scan
        if section is None:
            raise AtomisticError(
                "The file describes no scan", file=self.file, key="scan", fix="add [scan] with scales = [...]"
            )
        models = {}
        for model in section.models:
            potential = self.potential(rigid=model == "rigid")
            name = "rigid ions" if model == "rigid" else "core-shell"
            free = self.free(potential)
            kept = FreeParameters(potential, [f for f in free.free if f.name != "scale"])
            models[name] = (kept, self.observations(potential))
        return scan_charge_scale(
            models,
            section.scales,
            evaluations=self.problem.evaluations,
            tolerance=self.problem.tolerance,
            progress=progress,
        )

    def _images(self, name: str, which: str) -> list[Atoms]:
        path = self.folder / name
        try:
            found = read(path, index=which)
        except Exception as error:  # ASE raises whatever its readers do
            raise AtomisticError(
                f"The structures cannot be read: {type(error).__name__}: {error}", file=path
            ) from error
        return found if isinstance(found, list) else [found]

    def _crystal(self, section: CrystalSection) -> Atoms:
        """Return a built-in crystal or that of a file."""
        if section.structure in read_data("lattices.toml")["rocksalt"]:
            atoms = rocksalt(section.structure, section.size)
            return primitive_rocksalt(atoms) if section.primitive else atoms
        if "." in section.structure:
            return self._images(section.structure, "0")[0]
        if section.primitive:
            return root_three_cell(layered(section.structure, (3, 3, 1), ordering=section.ordering))
        return layered(section.structure, section.size, ordering=section.ordering)


def _described(observation: Observation, section: FramesSection | CrystalSection | _Energy) -> Observation:
    """Hand what the file says of the data on to the observation."""
    observation.standing, observation.source = section.standing, section.source
    return observation


def _difference(
    first: Atoms, second: Atoms, potential: Potential, section: _Energy, label: str, **options: Any
) -> Observation:
    """Return the observation of a section with one energy."""
    made = EnergyDifference(
        first,
        second,
        potential,
        section.measured,
        section.sigma,
        label=label,
        species=section.species,
        fitted=section.fitted,
        **options,
    )
    return _described(made, section)


def _builtin(name: str) -> Path:
    """Return the file of a built-in problem."""
    folder = Path(str(resources.files("microcell.atomistic.fitting"))) / "data"
    names = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in names:
        raise AtomisticError(
            f"There is no built-in fit '{name}'",
            key="fit",
            value=name,
            allowed=f"{', '.join(names)}, or the path of a TOML file",
            fix=did_you_mean(name, names),
        )
    return folder / f"{name}.toml"


def _as_error(error: ValidationError, path: Path) -> AtomisticError:
    first = error.errors()[0]
    value: Any = first["input"]
    return AtomisticError(
        f"The fit is not valid: {first['msg'].removeprefix('Value error, ')}",
        file=path,
        key=".".join(str(part) for part in first["loc"]),
        value=value if isinstance(value, str | int | float) else None,
        fix="write it like the built-in fits, which the documentation shows",
    )
