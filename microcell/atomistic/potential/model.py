"""Potentials of ionic crystals: charges, shells and Buckingham pairs by species, and their sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError, model_validator

from microcell.errors import AtomisticError, did_you_mean

from .species import Described, Pair, Positive, Species
from .system import Parameters


class Potential(Described):
    """A Coulomb-Buckingham potential.

    Attributes
    ----------
    name, title : str
        Short name, and what it describes.
    species : dict of str to Species
        By name, such as "Ni2+".
    pair : tuple of Pair
        Buckingham pairs. Other pairs see only each other's charge, which ions of opposite charge must not.
    cutoff : float
        Of the real-space sums [A].
    incomplete : str
        What is missing, for a set that cannot be used.
    source, standing, note : str
        Where the numbers come from; species and pairs may say otherwise.

    Examples
    --------
    >>> potential = Potential.builtin("lewis_catlow_1985")
    >>> potential.species["Ni2+"].charge
    2.0
    """

    schema_version: Literal["microcell-potential/1"] = "microcell-potential/1"
    name: str
    title: str = ""
    species: dict[str, Species]
    pair: tuple[Pair, ...] = ()
    cutoff: Positive = 10.0
    incomplete: str = ""

    @model_validator(mode="after")
    def _check(self) -> Potential:
        seen: set[frozenset[str]] = set()
        for pair in self.pair:
            for name in pair.between:
                if name not in self.species:
                    hint = did_you_mean(name, self.species)
                    raise ValueError(f"pair {pair.between} names a species that is not there: {hint}")
            if frozenset(pair.between) in seen:
                raise ValueError(f"pair {pair.between} stands there twice")
            seen.add(frozenset(pair.between))
        return self

    @classmethod
    def builtin(cls, name: str) -> Potential:
        """Return a set of the package; `builtin_names` lists them.

        Raises
        ------
        AtomisticError
            If there is none of this name, or the set is incomplete.
        """
        folder, names = _data(), cls.builtin_names()
        if name not in names:
            raise AtomisticError(
                f"There is no built-in potential '{name}'",
                key="potential",
                value=name,
                allowed=", ".join(names),
                fix=did_you_mean(name, names),
            )
        return cls._parse((folder / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")

    @staticmethod
    def builtin_names() -> list[str]:
        """Return the names of the sets of the package."""
        names = (entry.name for entry in _data().iterdir())
        return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))

    @classmethod
    def read(cls, path: str | Path) -> Potential:
        """Read a TOML file; those of the built-in sets show the format.

        Raises
        ------
        AtomisticError
            If the file cannot be read, or a key is missing, unknown or out of range.
        """
        try:
            return cls._parse(Path(path).read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise AtomisticError(
                f"The potential cannot be read: {error}", file=path, fix="check the path"
            ) from error

    @classmethod
    def _parse(cls, text: str, file: str) -> Potential:
        try:
            potential = cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise AtomisticError(f"The file is not valid TOML: {error}", file=file) from error
        except ValidationError as error:
            raise _invalid(error, file) from error
        if potential.incomplete:
            raise AtomisticError(
                f"The set '{potential.name}' is incomplete: {potential.incomplete}",
                file=file,
                fix="choose another set, or give pairs of your own in a file",
            )
        return potential

    def scaled(self, factor: float) -> Potential:
        """Return the potential with all charges times a factor: partial instead of formal charges."""
        if not (np.isfinite(factor) and factor > 0.0):
            raise AtomisticError("Charges need a positive scale", key="factor", value=factor)
        changed = {
            name: s.model_copy(
                update={"charge": factor * s.charge, "shell": None if s.shell is None else factor * s.shell}
            )
            for name, s in self.species.items()
        }
        return self.model_copy(update={"name": f"{self.name} x {factor:g}", "species": changed})

    def rigid(self, *names: str) -> Potential:
        """Return the potential with rigid ions instead of shells, of the named species or of all."""
        for name in names:
            self.check_species(name)
        changed = {
            name: s.model_copy(update={"shell": None, "spring": None, "spring4": 0.0})
            if not names or name in names
            else s
            for name, s in self.species.items()
        }
        return self.model_copy(update={"species": changed})

    def check_species(self, name: str) -> None:
        """Refuse the name of a species that is not there."""
        if name not in self.species:
            raise AtomisticError(
                f"The potential '{self.name}' has no species '{name}'",
                key="species",
                value=name,
                allowed=", ".join(self.species),
                fix=did_you_mean(name, self.species),
            )

    @property
    def shell_names(self) -> list[str]:
        """Species with a shell, in the order of `Parameters.k`."""
        return [name for name, species in self.species.items() if species.shell is not None]

    @property
    def particle_names(self) -> list[str]:
        """Kinds of particles in the order of `Parameters.charge`: cores and rigid ions, then shells."""
        return [*self.species, *(f"{name} shell" for name in self.shell_names)]

    @property
    def pair_names(self) -> list[tuple[str, str]]:
        """Pairs in the order of `Parameters.A`."""
        return [pair.between for pair in self.pair]

    @property
    def parameters(self) -> Parameters:
        """The numbers as arrays, to differentiate with respect to."""
        shells = [self.species[name] for name in self.shell_names]
        cores = [s.charge - (s.shell or 0.0) for s in self.species.values()]
        return Parameters(
            charge=np.array([*cores, *(s.shell for s in shells)], dtype=np.float64),
            A=np.array([pair.A for pair in self.pair], dtype=np.float64),
            rho=np.array([pair.rho for pair in self.pair], dtype=np.float64),
            C=np.array([pair.C for pair in self.pair], dtype=np.float64),
            k=np.array([s.spring for s in shells], dtype=np.float64),
            k4=np.array([s.spring4 for s in shells], dtype=np.float64),
        )

    def with_parameters(self, parameters: Parameters, **description: Any) -> Potential:
        """Return the potential with other numbers, such as fitted ones.

        Parameters
        ----------
        parameters : Parameters
            In the order of `particle_names`, `pair_names` and `shell_names`.
        **description
            New ``name``, ``source``, ``standing``, ``note``.
        """
        shell = {name: i for i, name in enumerate(self.shell_names)}
        charge = np.asarray(parameters.charge, dtype=np.float64)
        species: dict[str, dict[str, Any]] = {}
        for i, (name, s) in enumerate(self.species.items()):
            own = shell.get(name)
            outer = None if own is None else float(charge[len(self.species) + own])
            species[name] = s.model_dump() | {"charge": float(charge[i]) + (outer or 0.0), "shell": outer}
            if own is not None:
                species[name] |= {"spring": float(parameters.k[own]), "spring4": float(parameters.k4[own])}
        pairs = [
            p.model_dump() | {"A": float(A), "rho": float(rho), "C": float(C)}
            for p, A, rho, C in zip(self.pair, parameters.A, parameters.rho, parameters.C, strict=True)
        ]
        return Potential.checked(self.model_dump() | {"species": species, "pair": pairs} | description)

    @classmethod
    def checked(cls, content: Mapping[str, Any]) -> Potential:
        """Make a potential from plain values, with the errors of this package."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise _invalid(error) from error


def _invalid(error: ValidationError, file: str | None = None) -> AtomisticError:
    """Return the first thing that is wrong in the words of this package."""
    first = error.errors()[0]
    return AtomisticError(
        f"The potential is not valid: {first['msg'].removeprefix('Value error, ')}",
        file=file,
        key=".".join(str(part) for part in first["loc"]) or None,
        value=first["input"] if isinstance(first["input"], str | int | float) else None,
        fix="write it like the built-in sets: [species] with charge, [[pair]] with A, rho, C",
    )


def _data() -> Any:
    """Return the folder of the built-in sets."""
    return resources.files("microcell.atomistic.potential") / "data"
