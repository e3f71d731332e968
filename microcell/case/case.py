"""A case file: volume, cell, protocol and output of one simulation."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import CaseError, MicrocellError, did_you_mean
from ..image import Particles, Volume, segment
from ..parameters import ParameterSet
from ..parameters.card_use import with_cards
from ..parameters.open_circuit import stoichiometry_at
from ..parameters.units import quantity
from ..protocol import Experiment, validate
from .overrides import apply_overrides, parse_override
from .problems import case_error, relocated
from .reading import read_text
from .sections import EXAMPLES, CaseContent, Section

if TYPE_CHECKING:
    from ..cell.halfcell import HalfCell


SEPARATOR = "Separator thickness [m]"
"""The parameter that ``cell.separator_thickness`` sets."""


@dataclass(frozen=True)
class Case:
    """What `microcell run` simulates; read one with `Case.read`, or make one of a mapping with `from_dict`.

    Attributes
    ----------
    content : CaseContent
        The sections with their values, defaults filled in.
    file : Path or None
        Where it was read; paths in it are relative to that folder.
    overridden : frozenset of str
        Dotted keys whose values come from `with_overrides`.

    Examples
    --------
    >>> case = Case.read("case.toml").with_overrides(["Temperature [K]=308.15"])     # doctest: +SKIP
    >>> volume, particles, cell, protocol = case.build()                             # doctest: +SKIP
    """

    content: CaseContent
    file: Path | None = None
    overridden: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def read(cls, path: str | Path) -> Case:
        """Read a case file.

        Raises
        ------
        CaseError
            If the file does not exist, is no TOML, or holds an unknown key or a value of the wrong type.
        """
        path = Path(path)
        text = read_text(path)
        try:
            return cls.from_dict(tomllib.loads(text), file=path)
        except tomllib.TOMLDecodeError as error:
            raise CaseError(
                f"the case file is not valid TOML: {error}",
                file=path,
                fix="put texts and names with blanks in quotes; see docs/case-file.md for an example",
            ) from error

    @classmethod
    def from_dict(
        cls, content: Mapping[str, Any], file: Path | None = None, overridden: frozenset[str] = frozenset()
    ) -> Case:
        """Make a case of nested mappings, as a TOML file holds them; property cards are read now.

        Raises
        ------
        CaseError
            If a key is unknown or missing, or a value has the wrong type.
        ParameterError
            If a property card cannot be read.
        """
        try:
            embedded = with_cards(content, file.parent if file is not None else Path())
        except MicrocellError as error:
            shown = _as_override(error.key) if error.key in overridden else _in_file(error.key, file)
            raise relocated(error, key=shown) from error
        try:
            return cls(CaseContent.model_validate(embedded), file, overridden)
        except ValidationError as error:
            problem = case_error(error, {"file": file})
            if problem.key in overridden:
                raise relocated(problem, file=None, key=_as_override(problem.key)) from None
            raise problem from None

    def to_dict(self) -> dict[str, Any]:
        """Return the content as plain values, defaults included."""
        return self.content.model_dump(by_alias=True, mode="json")

    def with_overrides(self, overrides: Iterable[str]) -> Case:
        """Return a case with values replaced.

        Parameters
        ----------
        overrides : iterable of str
            ``section.key=value`` for a key of the case file, ``Name [unit]=value`` for a parameter.

        Raises
        ------
        CaseError
            If one has no "=", or addresses a key that does not exist, or its value has the wrong type.
        """
        parsed = [parse_override(text) for text in overrides]
        content = self.content.model_dump(by_alias=True, exclude_unset=True)
        apply_overrides(content, parsed)
        keys = {".".join(path) for path, _ in parsed}
        return Case.from_dict(content, self.file, self.overridden | keys)

    @property
    def folder(self) -> Path:
        """The folder that paths in the case are relative to."""
        return self.file.parent if self.file is not None else Path()

    def read_parameters(self, base: ParameterSet | None = None) -> ParameterSet:
        """Return the parameter set with the changes of ``[cell.set]`` and the separator thickness.

        Parameters
        ----------
        base : ParameterSet, optional
            What to change; the set that ``cell.parameters`` names where left out.

        Raises
        ------
        ParameterError
            If there is no such set, or a change is not accepted.
        """
        section = self.content.cell
        if base is None:
            with self.locating("cell", section, {None: "parameters"}):
                base = ParameterSet.load(section.parameters, self.folder)
        with self.locating("cell", section):
            parameters = base.with_values(section.overrides)
        if section.separator_thickness is None:
            return parameters
        with self.locating("cell", section, {SEPARATOR: "separator_thickness"}):
            return parameters.set(SEPARATOR, section.separator_thickness)

    def read_protocol(self, parameters: ParameterSet, half_cell: bool = True) -> Experiment:
        """Return the protocol, held against the voltage limits and the open-circuit law of the parameters.

        Parameters
        ----------
        parameters : ParameterSet
            Of the positive electrode.
        half_cell : bool
            Whether its open-circuit potential is that of the cell; otherwise a voltage at the start is not
            held against it.

        Raises
        ------
        ProtocolError
            If a step or the initial state is not understood or lies outside of the limits.
        """
        section = self.content.protocol
        with self.locating("protocol", section):
            experiment = Experiment(**section.model_dump(), folder=self.folder)
            limits = (parameters.number(f"{side} voltage limit [V]") for side in ("Lower", "Upper"))
            validate(experiment, *limits)
        if half_cell and experiment.initial.kind == "voltage":
            law = parameters.law("Active open-circuit potential [V]")
            with self.locating("protocol", section, {None: "initial"}):
                stoichiometry_at(law, experiment.initial.value, parameters.number("Temperature [K]"))
        return experiment

    def check_output(self) -> None:
        """Check ``[output]`` now rather than after the image has been read.

        Raises
        ------
        CaseError
            If a field does not exist, or the interval is no positive time.
        """
        from ..simulation.output import FIELDS  # starts JAX

        section = self.content.output
        for name in section.fields or ():
            if name not in FIELDS:
                raise CaseError(
                    "there is no such field",
                    file=self.file,
                    key="output.fields",
                    value=name,
                    allowed=", ".join(FIELDS),
                    fix=did_you_mean(name, FIELDS),
                )
        with self.locating("output", section):
            if section.every is not None and quantity(section.every, "s", key="every") <= 0:
                raise CaseError(
                    "the interval is not above 0", key="every", value=section.every, fix='every = "60 s"'
                )

    def read_volume(self) -> Volume:
        """Read the image.

        Raises
        ------
        CaseError, VolumeError
            If there is no section ``[volume]``; if the image cannot be read, or a key is missing or wrong.
        """
        section = self.content.volume
        if section is None:
            raise CaseError(
                "a section is missing", file=self.file, key="volume", fix=f"add {EXAMPLES['volume']}"
            )
        options = section.model_dump(exclude={"path"})
        with self.locating("volume", section):
            return Volume.read(self.folder / section.path, **options)

    def segment(self, volume: Volume) -> Particles:
        """Tell the particles apart with the options of ``[segmentation]``.

        Raises
        ------
        SegmentationError
            If there is no active material or an option is out of range.
        """
        section = self.content.segmentation
        with self.locating("segmentation", section):
            return segment(volume, **section.model_dump())

    def make_cell(self, volume: Volume, particles: Particles, parameters: ParameterSet) -> HalfCell:
        """Make the half cell.

        Raises
        ------
        MicrocellError
            If the volume cannot become a cell, or an option of ``[cell]`` is wrong.
        """
        from ..cell.halfcell import HalfCell  # starts JAX

        section = self.content.cell
        options = section.model_dump(exclude={"parameters", "overrides", "separator_thickness"})
        with self.locating("cell", section):
            return HalfCell(volume, parameters, particles=particles, **options)

    def build(self) -> tuple[Volume, Particles, HalfCell, Experiment]:
        """Read and check everything, what is quick to check first.

        Returns
        -------
        volume, particles, cell, protocol
            What a `microcell.Simulation` and its results need.

        Raises
        ------
        MicrocellError
            The error of the stage that refuses, with the key of the case file.
        """
        parameters = self.read_parameters()
        protocol = self.read_protocol(parameters)
        self.check_output()
        volume = self.read_volume()
        particles = self.segment(volume)
        return volume, particles, self.make_cell(volume, particles, parameters), protocol

    @contextmanager
    def locating(
        self, name: str, section: Section, names: Mapping[str | None, str] = MappingProxyType({})
    ) -> Iterator[None]:
        """Add to the errors of a stage which key of the case file they are about.

        ``names`` gives the keys of the section that the stage calls otherwise.
        """
        try:
            yield
        except MicrocellError as error:
            key = self._case_key(names.get(error.key, error.key), name, section)
            if key is None:
                raise relocated(error, file=error.file or self.file) from error
            if key in self.overridden:
                raise relocated(error, key=_as_override(key)) from error
            shown = key if error.file is None else _in_file(key, self.file)
            raise relocated(error, key=shown, file=error.file or self.file) from error

    def _case_key(self, key: str | None, name: str, section: Section) -> str | None:
        """Return the dotted key of what an error calls by its own name; None where the case has none."""
        if key is None:
            return None
        if name != "cell" and key in getattr(section, "overrides", {}):
            return f"{name}.set.{key}"
        if key in self.content.cell.overrides:
            return f"cell.set.{key}"
        if key.partition(".")[0] in type(section).model_fields:
            return f"{name}.{key}"
        return f"protocol.steps, {key}" if name == "protocol" else None


def _in_file(key: str | None, file: Path | None) -> str | None:
    """Add to a key the file that it stands in, where the error names another one."""
    return key if file is None else f"{key} of {file.name}"


def _as_override(key: str | None) -> str:
    return f"{(key or '').removeprefix('cell.set.')} (an override)"
