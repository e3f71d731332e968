"""The table of verification problems, in the order of the dossier."""

from __future__ import annotations

from ..errors import CaseError, did_you_mean
from . import diffusion, electrochemistry, invariance, limit, manufactured, transport
from .problem import FAMILIES, Problem

PROBLEMS: tuple[Problem, ...] = (
    *transport.PROBLEMS,
    *diffusion.PROBLEMS,
    *manufactured.PROBLEMS,
    *electrochemistry.PROBLEMS,
    *limit.PROBLEMS,
    *invariance.PROBLEMS,
)


def select(names: list[str] | None) -> tuple[Problem, ...]:
    """Return the problems with these names or of these families; all where None.

    Raises
    ------
    CaseError
        If there is no such problem or family.
    """
    if not names:
        return PROBLEMS
    known = {p.name for p in PROBLEMS} | set(FAMILIES)
    for name in names:
        if name not in known:
            raise CaseError(
                "there is no such verification problem or family",
                key="--only",
                value=name,
                fix=did_you_mean(name, known) or "microcell verify --list shows them",
            )
    return tuple(p for p in PROBLEMS if p.name in names or p.family in names)
