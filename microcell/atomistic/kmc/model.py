"""A lattice model of lithium read from a TOML file: every number with its standing and source."""

from __future__ import annotations

import math
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from microcell.errors import AtomisticError, did_you_mean

from .barriers import Barriers, Kind
from .energies import Interactions
from .lattice import Lattice


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sourced(_Strict):
    """A number, or several, with where they come from."""

    value: float | tuple[float, ...]
    standing: Literal["sourced", "calibrated", "assumed", "computed"]
    source: str = Field(min_length=1)


class BarrierEntry(_Strict):
    """Section ``[barriers]``."""

    kind: Kind
    energies_eV: Sourced  # the unit belongs to the key of the file


class InteractionEntry(_Strict):
    """Section ``[interactions]``."""

    site_eV: Sourced
    pairs_eV: Sourced | None = None
    triangle_eV: Sourced | None = None


class MeanFieldEntry(_Strict):
    """Section ``[mean_field]``: Chebyshev coefficients of du/dx on a window of x."""

    window: tuple[float, float]
    coefficients_eV: Sourced


class Model(_Strict):
    """Lithium on a lattice: where it sits, how it interacts, how it hops.

    Attributes
    ----------
    title : str
        What it describes.
    lattice_name : str
        A name that `Lattice.named` knows.
    spacing_m : Sourced
        Distance of nearest neighbours [m].
    attempt_frequency_Hz : Sourced
        Prefactor of all hop rates [Hz].
    blocked_fraction : Sourced
        Share of the sites that hold immobile metals, at random places.
    diffusivity_name : str
        Name of the diffusivity on the property card.
    potential_name : str or None
        Name of the open-circuit potential; None where the model's energies mean no potential.
    barriers, interactions, mean_field
        See the classes.
    """

    title: str
    lattice_name: str
    spacing_m: Sourced
    attempt_frequency_Hz: Sourced
    blocked_fraction: Sourced
    diffusivity_name: str
    potential_name: str | None = None
    barriers: BarrierEntry
    interactions: InteractionEntry
    mean_field: MeanFieldEntry | None = None

    @classmethod
    def builtin(cls, name: str) -> Model:
        """Return a built-in model by name, see `builtin_names`.

        Raises
        ------
        AtomisticError
            If there is no such model.
        """
        if name not in builtin_names():
            raise AtomisticError(
                "There is no such built-in lattice model",
                key="model",
                value=repr(name),
                allowed=f"{', '.join(builtin_names())}, or the path of a TOML file",
                fix=did_you_mean(name, builtin_names()),
            )
        path = _folder() / f"{name}.toml"
        return cls._parse(path.read_text(encoding="utf-8"), f"{name}.toml")

    @classmethod
    def read(cls, name_or_path: str | Path) -> Model:
        """Return a built-in model, or the one in a TOML file.

        Raises
        ------
        AtomisticError
            If the file cannot be read or a key or value in it is wrong.
        """
        path = Path(name_or_path)
        if path.suffix != ".toml":
            return cls.builtin(str(name_or_path))
        try:
            return cls._parse(path.read_text(encoding="utf-8"), path)
        except OSError as error:
            raise AtomisticError(
                f"The lattice model cannot be read: {error.strerror}", file=path, fix="check the path"
            ) from error

    @classmethod
    def _parse(cls, text: str, file: Any) -> Model:
        try:
            model = cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise AtomisticError(f"The file is no valid TOML: {error}", file=file) from error
        except ValidationError as error:
            first = error.errors()[0]
            raise AtomisticError(
                f"A value of the lattice model is not accepted: {first['msg']}",
                file=file,
                key=".".join(map(str, first["loc"])),
                value=repr(first["input"])[:80],
                fix="see the built-in models for what belongs where",
            ) from error
        model.check(file)
        return model

    def check(self, file: Any = None) -> None:
        """Refuse numbers that mean nothing.

        Raises
        ------
        AtomisticError
            Naming the key.
        """
        ranges = {
            "spacing_m": (self.spacing, 1e-11, 1e-8),
            "attempt_frequency_Hz": (self.attempt_frequency, 1e6, 1e16),
            "blocked_fraction": (self.blocked, 0.0, 0.95),
        }
        for key, (value, low, high) in ranges.items():
            if not low <= value <= high:
                raise AtomisticError(
                    "A value of the lattice model is out of range",
                    file=file,
                    key=key,
                    value=value,
                    allowed=f"{low:g} to {high:g}",
                )
        _ = self.lattice, self.hop_barriers

    @property
    def lattice(self) -> Lattice:
        """The lattice."""
        return Lattice.named(self.lattice_name)

    @property
    def spacing(self) -> float:
        """Distance of nearest neighbours [m]."""
        return _number(self.spacing_m)

    @property
    def attempt_frequency(self) -> float:
        """Prefactor of all hop rates [Hz]."""
        return _number(self.attempt_frequency_Hz)

    @property
    def blocked(self) -> float:
        """Share of the sites that hold immobile metals."""
        return _number(self.blocked_fraction)

    @property
    def hop_barriers(self) -> Barriers:
        """The barriers."""
        return Barriers(self.barriers.kind, _numbers(self.barriers.energies_eV))

    @property
    def energies(self) -> Interactions:
        """The cluster expansion."""
        given, field = self.interactions, self.mean_field
        return Interactions(
            site=_number(given.site_eV),
            pairs=_numbers(given.pairs_eV),
            triangle=_number(given.triangle_eV) if given.triangle_eV else 0.0,
            mean_field=_numbers(field.coefficients_eV) if field else (),
            mean_field_window=field.window if field else (0.0, 1.0),
        )

    def references(self) -> list[str]:
        """Return the sources of all numbers, each once."""
        entries: list[Sourced | None] = [
            self.spacing_m,
            self.attempt_frequency_Hz,
            self.blocked_fraction,
            self.barriers.energies_eV,
        ]
        given = self.interactions
        entries += [given.site_eV, given.pairs_eV, given.triangle_eV]
        entries += [self.mean_field.coefficients_eV] if self.mean_field else []
        return list(dict.fromkeys(f"{entry.standing}: {entry.source}" for entry in entries if entry))


def builtin_names() -> list[str]:
    """Return the names of the built-in models."""
    files = [Path(item.name) for item in _folder().iterdir()]
    return sorted(file.stem for file in files if file.suffix == ".toml" and file.stem != "lattices")


def check_temperature(temperature: float) -> None:
    """Refuse a temperature [K] that is not positive."""
    if not (math.isfinite(temperature) and temperature > 0):
        raise AtomisticError(
            "The temperature must be positive",
            key="temperature",
            value=temperature,
            allowed="above 0 K",
            fix="give it in kelvin",
        )


def _folder() -> Any:
    return resources.files("microcell.atomistic.kmc") / "data"


def _number(entry: Sourced) -> float:
    return _numbers(entry)[0]


def _numbers(entry: Sourced | None) -> tuple[float, ...]:
    if entry is None:
        return ()
    return entry.value if isinstance(entry.value, tuple) else (entry.value,)
