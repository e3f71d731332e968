"""A BPX file, loaded, validated by the `bpx` package, and refused where no reduced model can be it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import optional
from ..errors import ParameterError
from .expression import parse

_SUPPORTED = "a cell or half cell for DFN or SPMe: cell, electrolyte, separator, electrodes with porosity"

_PARTS = {
    "Cell": "cell",
    "Electrolyte": "electrolyte",
    "Separator": "separator",
    "Positive electrode": "positive_electrode",
}


def load(path: Path) -> tuple[Any, list[str]]:
    """Read and validate a file.

    Returns
    -------
    (bpx.BPX, list of str)
        What the file holds, and what the `bpx` package warns of.

    Raises
    ------
    ParameterError
        If it is no valid BPX, or no reduced model can be it.
    """
    parsed, notes = validated(_content(path))
    _check_supported(parsed)
    return parsed, notes


def _content(path: Path) -> dict[str, Any]:
    """Read the text; its functions are checked before the `bpx` package may run them."""
    try:
        text = path.read_text(encoding="utf-8")
        content = _from_yaml(text) if path.suffix in (".yml", ".yaml") else json.loads(text)
    except (OSError, ValueError) as error:
        raise ParameterError(
            f"The BPX file cannot be read: {error}", fix="check the path and the file"
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("Parameterisation"), dict):
        raise ParameterError("This is not a BPX file", allowed="the blocks Header, Parameterisation, State")
    own = {name: block for name, block in content["Parameterisation"].items() if name != "User-defined"}
    for key, function in _texts(own):
        try:
            parse(function)
        except ParameterError as error:
            raise ParameterError(
                error.problem, key=key, value=error.value, allowed=error.allowed, fix=error.fix
            ) from error
    return content


def _from_yaml(text: str) -> Any:
    yaml = optional.load("yaml", "exchange")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _texts(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find all functions."""
    for key, value in block.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}: {inner}", text) for inner, text in _texts(value))
        elif isinstance(value, str) and key != "description":
            yield key, value


def validated(content: dict[str, Any]) -> tuple[Any, list[str]]:
    """Validate with the `bpx` package, and collect what it warns of.

    Raises
    ------
    ParameterError
        If the package refuses the content.
    """
    bpx = optional.load("bpx", "exchange")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            parsed = bpx.parse_bpx_obj(content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ParameterError(
                f"The file is not valid BPX: {error}", allowed=_SUPPORTED, fix="correct the file"
            ) from error
    return parsed, list(dict.fromkeys(str(warning.message) for warning in caught))


def particles(electrode: Any, side: str) -> list[Any]:
    """Return one particle per size; a blend of different materials is refused."""
    if not hasattr(electrode, "particle"):
        return [electrode]
    sizes = list(electrode.particle.values())
    size = {"particle_radius", "surface_area_per_unit_volume"}
    if any(p.model_dump(exclude=size) != sizes[0].model_dump(exclude=size) for p in sizes[1:]):
        raise ParameterError(
            "A blend of different materials cannot be represented",
            key=f"{side} electrode: Particle",
            value=", ".join(electrode.particle),
            allowed="particles that differ in radius and surface area only: sizes of one material",
            fix="use an effective single material, or PyBaMM for the blend",
        )
    return sizes


def _check_supported(file: Any) -> None:
    """Refuse files that lack a part, and aged cells."""
    content = file.parameterisation
    missing = [name for name, field in _PARTS.items() if getattr(content, field, None) is None]
    electrodes = [content.positive_electrode, content.negative_electrode]
    if any(electrode is not None and not hasattr(electrode, "porosity") for electrode in electrodes):
        missing.append("porosity of the electrodes")
    if missing:
        raise ParameterError(
            f"The file holds no {', '.join(missing).lower()}",
            key="Header: Model",
            value=file.header.model,
            allowed=_SUPPORTED,
            fix="add what is missing, as a file of kind 'DFN' has it",
        )
    aging = file.state.degradation if file.state else None
    if aging is not None and any(_numbers(aging.model_dump().values())):
        raise ParameterError(
            "An aged state cannot be represented",
            key="State: Degradation",
            value=aging.model_dump(by_alias=True),
            fix="put the losses into active fractions and stoichiometries, and set these entries to 0",
        )


def _numbers(values: Any) -> Iterator[float]:
    for value in values:
        yield from value.values() if isinstance(value, Mapping) else [value]
