"""The section ``[p2d]`` as what the reduced model takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CaseError
from ..parameters import ParameterSet
from ..parameters.units import quantity
from .case import Case
from .sections import DesignSection

if TYPE_CHECKING:
    from ..exchange import ReducedCell
    from ..p2d import DFN, Design, Mechanism, Mesh, Negative
    from ..protocol import Experiment

_UNITS = {"electrode_thickness": "m", "radii": "m", "electronic_conductivity": "S.m-1", "area": "m2"}
_OF_RADII = ("radii", "weights", "surface_factor")


def given_design(case: Case) -> dict[str, Any]:
    """Return the numbers of ``[p2d]`` that describe the electrode, in SI units.

    Raises
    ------
    ParameterError
        If one has the wrong unit.
    """
    return _given(case, "p2d", case.content.p2d)


def read_design(case: Case, measured: Design | None = None) -> Design:
    """Return the homogenized electrode of a case.

    Parameters
    ----------
    case : Case
        Its section ``[p2d]`` goes before what was measured.
    measured : Design, optional
        From the image. Radii, weights and surface factor belong together: where radii are given, the other
        two of the image do not count.

    Raises
    ------
    CaseError
        If a number is missing.
    ParameterError
        If there can be no such electrode.
    """
    given = given_design(case)
    known = {} if measured is None else measured.model_dump()
    if "radii" in given:
        known = {key: value for key, value in known.items() if key not in _OF_RADII}
    return _design(case, "p2d", case.content.p2d, known | given)


def read_cell(case: Case, parameters: ParameterSet, measured: Design | None = None) -> ReducedCell:
    """Return the electrodes and materials of a case.

    Parameters
    ----------
    case : Case
        Its section ``[p2d]``.
    parameters : ParameterSet
        Of the positive electrode.
    measured : Design, optional
        From the image, see `read_design`.

    Raises
    ------
    CaseError
        If a number is missing.
    ParameterError
        If there can be no such electrode, or a parameter of the negative one is not accepted.
    """
    from ..exchange import ReducedCell  # starts JAX

    design = read_design(case, measured)
    return ReducedCell(
        design, parameters, read_negative(case, design), film=case.content.p2d.film is not False
    )


def read_bpx_cell(case: Case, path: Path) -> ReducedCell:
    """Return the cell of a BPX file, with the changes of ``[cell.set]`` and ``p2d.film``.

    Parameters
    ----------
    case : Case
        Must not describe a cell itself.
    path : Path
        The BPX file.

    Raises
    ------
    CaseError
        If the case describes the cell as well.
    ParameterError
        If the file cannot be read or is not a cell that a reduced model can be, or a change is not accepted.
    """
    from ..exchange import read_bpx  # starts JAX

    _check_described_once(case)
    cell, film, section = read_bpx(path), case.content.p2d.film, case.content.cell
    changed = section.overrides or section.separator_thickness is not None
    return replace(
        cell,
        parameters=case.read_parameters(cell.parameters),
        film=cell.film if film is None else film,
        windows=None if changed else cell.windows,  # limits and curves may be others
    )


def read_negative(case: Case, positive: Design) -> Negative | None:
    """Return the negative electrode of ``[p2d.negative]``; None for lithium metal.

    Raises
    ------
    CaseError
        If a number is missing.
    ParameterError
        If there can be no such electrode, or a parameter is not accepted.
    """
    from ..p2d import Negative

    section, name = case.content.p2d.negative, "p2d.negative"
    if section is None:
        return None
    design = _design(case, name, section, {"area": positive.area, **_given(case, name, section)})
    with case.locating(name, section, {None: "parameters"}):
        parameters = ParameterSet.load(section.parameters, case.folder)
    with case.locating(name, section):
        low, high = section.at_full
        return Negative(design, parameters.with_values(section.overrides), (low, high))


def read_mechanisms(case: Case, film: bool) -> tuple[Mechanism, ...]:
    """Return the mechanisms of ``[p2d.degradation]``.

    Parameters
    ----------
    case : Case
        Its section ``[p2d]``.
    film : bool
        Whether the model has its own rocksalt film, which is the mechanism of that name.

    Raises
    ------
    CaseError
        If the film would count twice.
    ParameterError
        If there is no such mechanism or number, or a number has the wrong unit or lies outside of its range.
    """
    from ..p2d.degradation.builtin import from_dict

    section = case.content.p2d
    if film and "rocksalt" in section.degradation:
        raise CaseError(
            "the rocksalt film would count twice",
            file=case.file,
            key="p2d.degradation.rocksalt",
            value="film = true",
            allowed="p2d.film or p2d.degradation.rocksalt, which are the same film",
            fix="leave [p2d.degradation.rocksalt] out, or set p2d.film = false",
        )
    numbers = {
        number: f"degradation.{mechanism}.{number}"
        for mechanism, table in section.degradation.items()
        if isinstance(table, dict)
        for number in table
    }
    with case.locating("p2d", section, numbers):
        return from_dict(section.degradation)


def read_model(case: Case, cell: ReducedCell) -> DFN:
    """Return the reduced model that ``[p2d]`` asks for, of a cell.

    Raises
    ------
    CaseError, ParameterError
        If a mechanism is not accepted, or the electrodes do not fit together.
    """
    from ..p2d import DFN, SPM, SPMe

    section = case.content.p2d
    kinds = {kind.kind: kind for kind in (DFN, SPMe, SPM)}
    mechanisms = read_mechanisms(case, cell.film)
    model = cell.model(
        read_mesh(case), kinds[section.model], mechanisms=mechanisms, tolerance=section.tolerance
    )
    with case.locating("p2d", section, {"negative.design.area": "negative.area"}):
        model.cell()
    return model


def check_start(case: Case, model: DFN, protocol: Experiment) -> tuple[float, ...]:
    """Return the stoichiometries of the electrodes at the start, the negative one first.

    Raises
    ------
    ParameterError
        If no relaxed cell is in the initial state.
    """
    with case.locating("protocol", case.content.protocol, {None: "initial"}):
        return model.initial_stoichiometries(protocol)


def read_mesh(case: Case) -> Mesh:
    """Return the finite volumes of the reduced model; both electrodes have as many."""
    from ..p2d import Mesh

    section = case.content.p2d
    return Mesh(section.separator, section.electrode, section.radial, negative=section.electrode)


def _check_described_once(case: Case) -> None:
    """Refuse a case that says what the BPX file says."""
    section, cell = case.content.p2d, case.content.cell
    described = (*DesignSection.model_fields, "negative")
    stated = [f"p2d.{key}" for key in described if getattr(section, key) is not None]
    stated += ["cell.parameters"] * ("parameters" in cell.model_fields_set)
    if stated:
        raise CaseError(
            "the cell is described twice, in the case file and in the BPX file",
            file=case.file,
            key=", ".join(stated),
            allowed="with --bpx: [protocol], [cell.set], and of [p2d] mesh, model, film and degradation",
            fix="leave these keys out, or run without --bpx",
        )


def _given(case: Case, name: str, section: DesignSection) -> dict[str, Any]:
    """Return the numbers of a section that describe an electrode, in SI units."""
    values = {key: getattr(section, key) for key in DesignSection.model_fields}
    values = {key: value for key, value in values.items() if value is not None}
    with case.locating(name, section):
        return {key: _in_si(key, value) for key, value in values.items()}


def _design(case: Case, name: str, section: DesignSection, values: dict[str, Any]) -> Design:
    from ..p2d import Design  # starts JAX

    for key, field in Design.model_fields.items():
        if field.is_required() and key not in values:
            measured = " or use --from-volume" if name == "p2d" else ""
            raise CaseError(
                "the reduced model does not know its electrode",
                file=case.file,
                key=f"{name}.{key}",
                fix=f"give {name}.{key}{measured}",
            )
    with case.locating(name, section):
        return Design(**values)


def _in_si(key: str, value: Any) -> Any:
    unit = _UNITS.get(key)
    if unit is None:
        return tuple(value) if isinstance(value, list) else value
    if key != "radii":
        return quantity(value, unit, key)
    return tuple(quantity(one, unit, key) for one in (value if isinstance(value, list) else [value]))
