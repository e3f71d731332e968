"""Steps that follow a drive cycle: texts such as "Follow drive.csv until 3.0 V"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microcell.errors import ProtocolError, did_you_mean
from microcell.protocol.profile import Profile
from microcell.protocol.quantity import as_electrical
from microcell.protocol.step import CHARGE, DISCHARGE, Step, Termination

_FOLLOW = re.compile(r"follow\s+(.+?)(?:\s+until\s+(.+))?", re.I)
_KEYS = ("follow", "times", "values", "unit", "until")


def follow(profile: Profile, until: str | None = None, text: str | None = None) -> Step:
    """Return the step that follows a profile to its end, or to a voltage.

    Parameters
    ----------
    profile : Profile
        What is followed.
    until : str, optional
        A voltage, such as "3.0 V": lower limit where the profile discharges on the whole, upper otherwise.
    text : str, optional
        Name of the step.

    Raises
    ------
    ProtocolError
        If ``until`` is no voltage.
    """
    net = float(np.trapezoid(profile.values, profile.times))
    ends = [Termination(kind="duration", value=profile.times[-1], unit="s")]
    if until is not None:
        ends.append(_cut_off(until))
    return Step(
        kind="power" if profile.unit.startswith("W") else "current",
        value=float(np.max(np.abs(profile.values))),
        unit=profile.unit,
        direction=DISCHARGE if net >= 0 else CHARGE,
        terminations=tuple(ends),
        text=text or f"Follow {len(profile.times)} rows over {profile.times[-1]:g} s",
        profile=profile,
    )


def _cut_off(until: str) -> Termination:
    found = as_electrical(until)
    if found is None or found[1] != "V" or not found[0] > 0:
        raise ProtocolError(
            "A drive cycle ends with its table or at a voltage", value=until, fix='write "until 3.0 V"'
        )
    return Termination(kind="voltage", value=found[0], unit="V")


def is_follow(item: Any) -> bool:
    """Whether an item of a protocol is a drive cycle."""
    return isinstance(item, Mapping) or (isinstance(item, str) and item.strip().lower().startswith("follow"))


def read_follow(item: Any, folder: str | Path) -> Step:
    """Read "Follow drive.csv until 3.0 V", or a mapping with "follow" or "times", "values" and "unit".

    Raises
    ------
    ProtocolError
        If it is not understood, or the table cannot be followed.
    """
    if isinstance(item, Mapping):
        return _from_mapping(item, folder)
    match = _FOLLOW.fullmatch(item.strip())
    if match is None:
        raise ProtocolError(
            "The drive cycle is not understood", value=item, fix='write "Follow drive.csv until 3.0 V"'
        )
    return follow(Profile.read(Path(folder) / match.group(1)), match.group(2), item.strip())


def _from_mapping(item: Mapping[str, Any], folder: str | Path) -> Step:
    for key in item:
        if key not in _KEYS:
            raise ProtocolError(
                f"A drive cycle has no key '{key}'", key=key, fix=did_you_mean(str(key), _KEYS)
            )
    if "follow" in item:
        return follow(Profile.read(Path(folder) / str(item["follow"])), item.get("until"))
    missing = [key for key in ("times", "values", "unit") if key not in item]
    if missing:
        raise ProtocolError(
            "A drive cycle needs a file, or times, values and their unit",
            key=missing[0],
            fix='write {follow = "drive.csv"} or {times = [0, 10], values = [1, 2], unit = "A"}',
        )
    return follow(Profile.of(item["times"], item["values"], item["unit"]), item.get("until"))


def as_mapping(step: Step) -> dict[str, Any]:
    """Return a drive cycle as the mapping that `read_follow` takes: its table stands in it."""
    assert step.profile is not None
    voltage = step.termination("voltage")
    until = {} if voltage is None else {"until": f"{voltage.value!r} V"}
    return {**step.profile.model_dump(), **until}
