"""Structures that come with the package, for a first look and for tests."""

from __future__ import annotations

from pathlib import Path

import ase.io
from ase import Atoms

from ...errors import AtomisticError, did_you_mean

DATA = Path(__file__).resolve().parent / "data"


def example(name: str) -> Atoms:
    """Return a structure of the data folder: "LiFePO4".

    Raises
    ------
    AtomisticError
        If there is none of this name.
    """
    known = sorted(path.stem for path in DATA.glob("*.cif"))
    if name not in known:
        raise AtomisticError(
            "There is no example structure of this name",
            value=name,
            allowed=", ".join(known),
            fix=did_you_mean(name, known),
        )
    return ase.io.read(DATA / f"{name}.cif", index=-1)  # type: ignore[return-value]
