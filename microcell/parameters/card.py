"""Property cards: a computed property with its unit, error bar, validity and origin, as one JSON file.

A card is what an atomistic model hands over and what a parameter takes in place of a law or a number:
``params.set("Active diffusivity [m2.s-1]", PropertyCard.read("kmc.json"))``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from microcell.errors import ParameterError
from microcell.files import write_json
from microcell.parameters import card_check
from microcell.parameters.card_law import curve_law, scalar_law
from microcell.parameters.card_origin import Origin
from microcell.parameters.card_sample import drawn
from microcell.parameters.law import Law
from microcell.parameters.units import bracket_unit

__all__ = ["Origin", "PropertyCard"]

SCHEMA = "microcell-card/1"
ARGUMENT_UNITS = {"x": "", "c": "mol.m-3", "T": "K"}
"""What a card may depend on: stoichiometry, salt concentration, temperature."""


class PropertyCard(BaseModel):
    """A property as a number or a table, with error bar, validity and origin; immutable.

    Make one with `scalar` or `table`, read one with `read`.

    Attributes
    ----------
    name : str
        The quantity with its unit in brackets, where it has one: that of the parameter it is meant for.
    argument : str
        "x" (stoichiometry), "c" (salt concentration [mol.m-3]), "T" [K], or "" for one number.
    points : tuple of float
        Where the table has its values, increasing; empty for one number.
    values, uncertainty : tuple of float
        Values, and their standard errors (one sigma), in the unit of the name.
    validity : dict
        Where the values hold, by argument: ``{"x": (0.1, 0.9), "T": (280.0, 330.0)}``.
    temperature : float or None
        At which the values hold [K].
    activation_energy, activation_energy_uncertainty : float or None
        Ea of an Arrhenius factor ``exp(Ea/R (1/temperature - 1/T))`` [J.mol-1], and its standard error.
    interpolation : str
        The scale on which a monotone cubic (PCHIP) goes through the table: "linear", or "log" for values
        over orders of magnitude such as diffusivities.
    outside : str
        Beyond the table: "constant", or "straight" with the slope at its ends (open-circuit potentials).
    origin : Origin
        Where the values come from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal["microcell-card/1"] = "microcell-card/1"
    name: str = Field(min_length=1)
    argument: Literal["", "x", "c", "T"] = ""
    points: tuple[float, ...] = ()
    values: tuple[float, ...]
    uncertainty: tuple[float, ...]
    validity: dict[Literal["x", "c", "T"], tuple[float, float]] = {}
    temperature: float | None = None
    activation_energy: float | None = None
    activation_energy_uncertainty: float | None = None
    interpolation: Literal["linear", "log"] = "linear"
    outside: Literal["constant", "straight"] = "constant"
    origin: Origin

    @classmethod
    def scalar(
        cls, name: str, value: float, uncertainty: float, *, origin: Origin, **fields: Any
    ) -> PropertyCard:
        """Return a card of one number; ``fields`` are further attributes such as ``temperature``.

        Raises
        ------
        ParameterError
            If a number is not finite, the uncertainty is negative, or a field is unknown.
        """
        return cls.from_dict(
            {"name": name, "values": [value], "uncertainty": [uncertainty], "origin": origin, **fields}
        )

    @classmethod
    def table(
        cls,
        name: str,
        argument: str,
        points: Any,
        values: Any,
        uncertainty: Any,
        *,
        origin: Origin,
        **fields: Any,
    ) -> PropertyCard:
        """Return a card of a table; without ``validity``, it is known between its first and last point.

        Parameters
        ----------
        name, argument : str
            The quantity with its unit in brackets; "x", "c" or "T".
        points, values, uncertainty : array of float, shape (n,)
            Arguments in increasing order, values, and their standard errors.
        origin : Origin
            Where they come from.
        **fields
            Further attributes: ``validity``, ``temperature``, ``activation_energy``, ``interpolation`` ...

        Raises
        ------
        ParameterError
            If there are less than two points, they do not increase, lengths differ, a number is not finite,
            an uncertainty is negative, a logarithm does not exist, or a field is unknown.
        """
        columns = {"points": points, "values": values, "uncertainty": uncertainty}
        lists = {key: np.asarray(column, dtype=float).tolist() for key, column in columns.items()}
        return cls.from_dict({"name": name, "argument": argument, **lists, "origin": origin, **fields})

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], file: Any = None) -> PropertyCard:
        """Make a card of what `to_dict` returned; errors name the file.

        Raises
        ------
        ParameterError
            If a key is unknown or missing, or a value is not accepted.
        """
        fields = dict(content)
        units = fields.pop("units", None)
        try:
            card = cls.model_validate(fields)
        except ValidationError as error:
            raise card_check.as_parameter_error(error, list(cls.model_fields), file) from error
        except ParameterError as error:
            raise card_check.in_file(error, file) from error
        if units is not None and units != card.units:
            raise ParameterError(
                "The units of the card are not those of its name and schema",
                file=file,
                key="units",
                value=units,
                allowed=card.units,
                fix="convert the values, or correct the unit in the brackets of the name",
            )
        return card

    @classmethod
    def read(cls, path: str | Path) -> PropertyCard:
        """Read a JSON file that `write` has written.

        Raises
        ------
        ParameterError
            If the file cannot be read, is no card, or holds a value that is not accepted.
        """
        path = Path(path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ParameterError(
                f"The property card cannot be read: {error}",
                file=path,
                fix="check the path; a card is a JSON file that 'microcell atomistic' writes",
            ) from error
        if not isinstance(content, dict) or content.get("schema_version") != SCHEMA:
            found = content.get("schema_version") if isinstance(content, dict) else type(content).__name__
            raise ParameterError(
                "The file is no property card of this version",
                file=path,
                key="schema_version",
                value=found,
                allowed=SCHEMA,
            )
        return cls.from_dict(content, path)

    @model_validator(mode="after")
    def _check(self) -> Self:
        card_check.check(self)
        return self

    def model_post_init(self, context: Any) -> None:
        """State the validity of a table that says nothing else: between its first and last point."""
        if self.argument and self.points and self.argument not in self.validity:
            inside = (self.points[0], self.points[-1])
            object.__setattr__(self, "validity", {**self.validity, self.argument: inside})

    @property
    def unit(self) -> str:
        """The unit in the brackets of the name; "" for a dimensionless quantity."""
        return bracket_unit(self.name)

    @property
    def title(self) -> str:
        """The name without its unit."""
        return self.name.rpartition("[")[0].rstrip() if self.unit else self.name

    @property
    def units(self) -> dict[str, str]:
        """Units of all numbers in the file, "" for dimensionless ones."""
        units = {"values": self.unit, "uncertainty": self.unit}
        units |= {key: ARGUMENT_UNITS[key] for key in (self.argument, *self.validity) if key}
        return units | {"temperature": "K", "activation_energy": "J.mol-1"}

    @property
    def is_scalar(self) -> bool:
        """Whether the card holds one number rather than a table."""
        return not self.argument

    @property
    def value(self) -> float:
        """The number of a scalar card.

        Raises
        ------
        ParameterError
            If the card is a table.
        """
        if not self.is_scalar:
            raise ParameterError("The card is a table, not one number", key=self.name, value=self.describe())
        return self.values[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the content with its units, ready for JSON and `from_dict`."""
        content = self.model_dump(mode="json")
        return {
            "schema_version": content.pop("schema_version"),
            "name": content.pop("name"),
            "units": self.units,
        } | content

    def write(self, path: str | Path) -> Path:
        """Write the card as JSON; a reader never sees half of it.

        Raises
        ------
        ResultsError
            If it cannot be written.
        """
        write_json(Path(path), self.to_dict())
        return Path(path)

    def law(self) -> Law:
        """Return the property law, callable as ``law(x or c, T)``; a scalar becomes a constant.

        The table, Ea and temperature are leaves: cards with the same number of points share a program.
        """
        return scalar_law(self) if self.is_scalar else curve_law(self)

    def sample(self, rng: np.random.Generator, *, common: bool = False) -> PropertyCard:
        """Draw a card from the uncertainty of this one.

        Mean and standard deviation of the drawn values are the values and uncertainties of this card: normal
        for linear, log-normal for log interpolation, and normal for the activation energy.

        Parameters
        ----------
        rng : numpy.random.Generator
            Where the random numbers come from.
        common : bool
            Whether all points deviate together, as a systematic error does, instead of each on its own, as
            statistical errors of separate simulations do.
        """
        return self.from_dict(self.to_dict() | drawn(self, rng, common))

    def describe(self) -> str:
        """Return the value with its uncertainty, or the span and largest error of a table, without unit."""
        if self.is_scalar:
            return f"{self.values[0]:.4g} ± {self.uncertainty[0]:.2g}"
        low, high = min(self.values), max(self.values)
        return f"{low:.4g} to {high:.4g} ± {max(self.uncertainty):.2g} at most"

    def figure(self, path: str | Path) -> Path:
        """Draw the table with error bars and the law through it, as PNG.

        Raises
        ------
        ResultsError
            If it cannot be written.
        """
        from microcell.parameters.card_figure import draw

        return draw(self, Path(path))
