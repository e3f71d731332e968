"""A named set of parameters: built in, read from TOML, changed by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from microcell.errors import ParameterError, did_you_mean
from microcell.parameters.card import PropertyCard
from microcell.parameters.card_use import with_cards
from microcell.parameters.catalogue import data_names, data_text, laws_of
from microcell.parameters.entry import Entry, Value, as_law
from microcell.parameters.law import Law, as_leaf
from microcell.parameters.laws import PARAMETER_OF_FIELD, Laws
from microcell.parameters.listing import ParameterInfo, as_markdown, as_text
from microcell.parameters.setting import (
    ELECTROLYTE,
    ELECTROLYTE_PARAMETERS,
    Setting,
    electrolyte_names,
    electrolyte_settings,
    read_setting,
    shown,
)

_NOT_SETS = {"laws.toml"}


@dataclass(frozen=True, repr=False, eq=False)
class ParameterSet(Mapping[str, Value]):
    """Parameters by name with their unit in brackets; immutable, every change makes a new set.

    Get one with `ParameterSet.builtin` or `ParameterSet.read`. Values are numbers in the unit of the name,
    names of laws, or functions; `laws` makes of them what the solver takes.

    Attributes
    ----------
    name : str
        The name of the set.
    base : str
        The built-in set it starts from.

    Examples
    --------
    >>> params = ParameterSet.builtin("nmc811").set("Rocksalt initial thickness [m]", "0.3 nm")
    >>> params["Rocksalt initial thickness [m]"]
    3e-10
    """

    name: str
    base: str
    _settings: Mapping[str, Setting] = field(default_factory=dict)

    @staticmethod
    def builtin_names() -> list[str]:
        """Return the names of the built-in sets."""
        return [
            name.removesuffix(".toml")
            for name in data_names()
            if name.endswith(".toml") and name not in _NOT_SETS
        ]

    @classmethod
    def builtin(cls, name: str = "nmc811") -> ParameterSet:
        """Return a built-in set.

        Raises
        ------
        ParameterError
            If there is no built-in set of this name.
        """
        names = cls.builtin_names()
        if name not in names:
            raise ParameterError(
                f"No built-in parameter set is named '{name}'",
                value=name,
                allowed=", ".join(names),
                fix=f"{did_you_mean(name, names)} A set of your own is read from a .toml file",
            )
        return cls(name=name, base=name)

    @classmethod
    def read(cls, path: str | Path) -> ParameterSet:
        """Read a TOML file that changes a built-in set by name.

        ``base`` names the built-in set (default "nmc811"), ``name`` the new one; all other keys are
        parameters: a number, a text with a unit, a law name, a table with ``value`` and optionally
        ``source``, ``standing`` and ``note``, or a table with ``card``, the path of a property card relative
        to the file. The key ``Electrolyte`` sets the four laws of the electrolyte.

        Raises
        ------
        ParameterError
            If the file cannot be read, or holds an unknown key or a value that is not accepted.
        """
        path = Path(path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ParameterError(
                f"The parameter file cannot be read: {error}",
                file=path,
                fix="check the path and that it is a text file",
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise ParameterError(
                f"The parameter file is not valid TOML: {error}",
                file=path,
                fix='write names in quotes: "Temperature [K]" = 298.15',
            ) from error
        return cls._from_content(content, path)

    @classmethod
    def load(cls, reference: str | Path, folder: str | Path = ".") -> ParameterSet:
        """Return a built-in set by name, or read a ``.toml`` file, relative to a folder."""
        if str(reference).endswith(".toml"):
            return cls.read(Path(folder) / reference)
        return cls.builtin(str(reference))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ParameterSet:
        """Make a set from what `to_dict` returned.

        Raises
        ------
        ParameterError
            If a key or value is not accepted; a user's own function cannot be restored.
        """
        stated = cls._from_content(content, None)
        changed = {name: s for name, s in stated._settings.items() if s != Setting(stated._default(name))}
        return cls(name=stated.name, base=stated.base, _settings=changed)

    @classmethod
    def _from_content(cls, content: Mapping[str, Any], file: Path | None) -> ParameterSet:
        """Build on the base; errors name the file."""
        default_name = file.stem if file else None
        try:
            values = with_cards(content, file.parent if file else ".")
            base = cls.builtin(str(values.pop("base", "nmc811")))
            name = str(values.pop("name", default_name or base.name))
            changed = base.with_values(values)
        except ParameterError as error:
            error_parts = {part: getattr(error, part) for part in ("key", "value", "allowed", "fix")}
            raise ParameterError(error.problem, file=error.file or file, **error_parts) from error
        return cls(name=name, base=base.base, _settings=changed._settings)

    def __getitem__(self, name: str) -> Value:
        """Return a value: number, name of a law, or function; see `electrolyte` for "Electrolyte"."""
        if name == ELECTROLYTE:
            return self.electrolyte
        self._entry(name)
        setting = self._settings.get(name)
        if setting is None:
            return self._default(name)
        return setting.value_at(self._temperature()) if setting.depends_on_temperature else setting.value

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(_schema(self.base))

    def __len__(self) -> int:
        """Return the number of parameters."""
        return len(_schema(self.base))

    def __contains__(self, name: object) -> bool:
        """Tell whether the set has a parameter of this name."""
        return name in _schema(self.base)

    def names(self) -> list[str]:
        """Return all names, in the order of the set."""
        return list(self)

    @property
    def electrolyte(self) -> str:
        """The name of the electrolyte, "custom" where the four laws have different ones."""
        chosen = [self[name] for name in ELECTROLYTE_PARAMETERS]
        return (
            chosen[0] if isinstance(chosen[0], str) and all(c == chosen[0] for c in chosen[1:]) else "custom"
        )

    def set(self, name: str, value: Any) -> ParameterSet:
        """Return a set with one value changed; see `with_values`."""
        return self.with_values({name: value})

    def with_values(self, values: Mapping[str, Any]) -> ParameterSet:
        """Return a set with values changed by name.

        Parameters
        ----------
        values : mapping of str to number, str, law, function, PropertyCard or mapping
            A number in the unit of the name; a text with a unit ("0.2 nm"); for property laws also the name
            of a law, an `equinox.Module` or a function of (x or c, T) written with jax.numpy; a property card
            or a mapping with "card", its path or content; or a mapping with "value" and optionally "source",
            "standing" and "note".

        Raises
        ------
        ParameterError
            If a name is unknown (the nearest are suggested), or a value has the wrong dimension, lies outside
            of its range, is not finite, or contradicts another.
        """
        given = dict(values)
        settings = dict(self._settings)
        if ELECTROLYTE in given:
            settings.update(electrolyte_settings(given.pop(ELECTROLYTE)))
        settings.update({name: read_setting(self._entry(name), value) for name, value in given.items()})
        changed = ParameterSet(name=self.name, base=self.base, _settings=settings)
        _check_together(changed)
        return changed

    def with_electrolyte(self, name: str) -> ParameterSet:
        """Return a set with the four laws of one electrolyte.

        Raises
        ------
        ParameterError
            If no electrolyte has this name.
        """
        return self.with_values({ELECTROLYTE: name})

    @staticmethod
    def electrolyte_names() -> list[str]:
        """Return the names that `with_electrolyte` knows."""
        return electrolyte_names()

    def law_names(self, name: str) -> list[str]:
        """Return the names of the laws that a parameter accepts; empty for plain numbers."""
        kind = self._entry(name).kind
        return list(laws_of(kind)) if kind else []

    def number(self, name: str) -> float:
        """Return a value that has to be a number.

        Raises
        ------
        ParameterError
            If the name is unknown, or its value is a law.
        """
        value = self[name]
        if not isinstance(value, float):
            raise ParameterError("This parameter is a law, not a number", key=name, value=value)
        return value

    def law(self, name: str) -> Law:
        """Return a property law, callable as ``law(x or c, T)``; a number becomes a constant law.

        Raises
        ------
        ParameterError
            If the name is unknown, or no property law.
        """
        kind = self._entry(name).kind
        if kind is None:
            raise ParameterError("This parameter is a number, not a law", key=name, value=self[name])
        return as_law(self[name], kind, self._numbers())

    def laws(self) -> Laws:
        """Return all that the residual needs, with float64 leaves, of one structure for all numbers."""
        numbers = self._numbers()
        parts: dict[str, Any] = {}
        for part, name in PARAMETER_OF_FIELD.items():
            kind = self._entry(name).kind
            parts[part] = as_law(self[name], kind, numbers) if kind else as_leaf(self.number(name))
            if kind and self.card(name):  # ranges are static: cards known elsewhere would be other programs
                parts[part] = replace(parts[part], ranges=())
        return Laws(**parts)

    def info(self, name: str) -> ParameterInfo:
        """Return value, unit, range, standing, source and validity of a parameter.

        Raises
        ------
        ParameterError
            If the name is unknown.
        """
        entry, value = self._entry(name), self[name]
        law_entry = laws_of(entry.kind)[value] if entry.kind and isinstance(value, str) else None
        setting = self._settings.get(name)
        card = self.card(name)
        origin: Any = setting or law_entry or entry
        if setting is not None and law_entry is not None and setting.standing == "user":
            origin = law_entry
        notes = [entry.note if setting is None else "", origin.note if origin is not entry else ""]
        return ParameterInfo(
            name=name,
            unit=entry.unit,
            value=shown(value, card),
            uncertainty=_uncertainty(card, value),
            range=entry.range,
            standing=origin.standing,
            source=origin.source,
            note="; ".join(note for note in notes if note),
            validity=self._validity(name),
            card=card.to_dict() if card else None,
        )

    def card(self, name: str) -> PropertyCard | None:
        """Return the property card that a value is made of; None where it is of something else.

        Raises
        ------
        ParameterError
            If the name is unknown.
        """
        self._entry(name)
        return self._settings[name].card if name in self._settings else None

    def _validity(self, name: str) -> dict[str, tuple[float, float]]:
        """Return where a law, or the number of a card, is known to hold."""
        card = self.card(name)
        if card is not None:
            return {str(argument): limits for argument, limits in card.validity.items()}
        return getattr(self.law(name), "validity", {}) if self._entry(name).kind else {}

    def _temperature(self) -> float:
        """Return the temperature [K] at which numbers with an activation energy hold."""
        name = "Temperature [K]"
        value = self._settings[name].value if name in self._settings else self._default(name)
        assert isinstance(value, float), "the temperature is a number"
        return value

    def changed_names(self) -> list[str]:
        """Return the names whose values differ from the built-in set by the user's will."""
        return [name for name in self if name in self._settings]

    def outside_validity(self, x: tuple[float, float], c: tuple[float, float]) -> list[str]:
        """Tell which laws a solution has used outside of the range in which they are known to hold.

        Parameters
        ----------
        x : (float, float)
            Smallest and largest stoichiometry of the solution.
        c : (float, float)
            Smallest and largest salt concentration [mol.m-3].

        Returns
        -------
        list of str
            One sentence per law and argument.
        """
        T = self._temperature()
        seen = {"x": x, "c": c, "T": (T, T)}
        known = [(name, self.info(name)) for name in self if self._validity(name)]
        return [
            f"{name}: the {'law' if self._entry(name).kind else 'number'} '{info.value}' is known for "
            f"{low:g} <= {argument} <= {high:g}, "
            f"the solution reaches {seen[argument][0]:.6g} to {seen[argument][1]:.6g}"
            for name, info in known
            for argument, (low, high) in info.validity.items()
            if seen[argument][0] < low or seen[argument][1] > high
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return name, base and all values, ready for JSON and `from_dict`; a function stands as text."""
        values = {
            name: self._settings[name].to_plain() if name in self._settings else shown(self[name])
            for name in self
        }
        return {"name": self.name, "base": self.base, **values}

    def to_frame(self) -> pd.DataFrame:
        """Return a table with one row per parameter: value, unit, range, standing, source and note."""
        rows = [self.info(name).model_dump(exclude={"validity", "uncertainty", "card"}) for name in self]
        return pd.DataFrame(rows).set_index("name")

    def to_records(self) -> list[dict[str, Any]]:
        """Return what `info` says of every parameter, ready for JSON; cards with all of their content."""
        return [self.info(name).model_dump(mode="json", exclude_none=True) for name in self]

    def to_markdown(self) -> str:
        """Return the table of all parameters in Markdown."""
        return as_markdown(map(self.info, self))

    def __str__(self) -> str:
        """Render a table of all parameters."""
        return as_text(self.name, map(self.info, self))

    def __repr__(self) -> str:
        """Name the set and what was changed."""
        changed = {name: shown(self[name], self.card(name)) for name in self.changed_names()}
        return f"ParameterSet('{self.name}'{f', changed={changed}' if changed else ''})"

    def _entry(self, name: str) -> Entry:
        """Look a parameter up, or suggest names."""
        schema = _schema(self.base)
        if name not in schema:
            raise ParameterError(
                f"No parameter is named '{name}'",
                key=str(name),
                fix=did_you_mean(str(name), [*schema, ELECTROLYTE]),
            )
        return schema[name]

    def _default(self, name: str) -> Value:
        """Return the value that holds as long as none is set."""
        entry = self._entry(name)
        if entry.follows is not None:
            return self[entry.follows]
        assert entry.value is not None, f"{name} has neither a value nor one to follow"
        return entry.value

    def _numbers(self) -> dict[str, float]:
        """Return the parameters whose values are numbers."""
        return {name: value for name in self if isinstance(value := self[name], float)}


def _uncertainty(card: PropertyCard | None, value: Value) -> tuple[float, ...]:
    """Return the standard errors of a card; relative to a number they are the same at every temperature."""
    if card is None or not isinstance(value, float) or not card.value:
        return () if card is None else card.uncertainty
    return (card.uncertainty[0] * value / card.value,)


@cache
def _schema(base: str) -> dict[str, Entry]:
    """Read the parameters of a built-in set once."""
    content = tomllib.loads(data_text(f"{base}.toml"))
    return {name: Entry(name=name, **entry) for name, entry in content.items()}


def _check_together(params: ParameterSet) -> None:
    """Refuse values that contradict each other."""
    low, high = params.number("Lower voltage limit [V]"), params.number("Upper voltage limit [V]")
    if low >= high:
        raise ParameterError(
            "The lower voltage limit is not below the upper one",
            key="Lower voltage limit [V]",
            value=f"{low:g} V and {high:g} V",
            fix="set both limits together",
        )
