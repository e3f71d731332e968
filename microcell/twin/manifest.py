"""What `p2d.json` says of a reduced model: inputs with their checksums, electrodes, mechanisms, versions."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ..p2d import Negative
from ..p2d.degradation.catalogue import KINDS
from ..p2d.degradation.parameter import parameter_names
from ..p2d.mechanism import Mechanism
from ..results.manifest import describe_program, now
from .compare import Comparison
from .finished import Aged, Finished, Setup


def manifest(finished: Finished, comparison: Comparison | None) -> dict[str, Any]:
    """Return what is said of a run: what was solved, why each step ended, differences to the 3D run."""
    return {
        **_head(finished.setup, finished.status),
        **describe_steps(finished),
        "comparison": None if comparison is None else comparison.to_dict(),
    }


def describe_steps(finished: Finished) -> dict[str, Any]:
    """Return why each step ended, and counts."""
    solution = finished.solution
    return {
        "steps": [vars(report) for report in solution.steps],
        "statistics": {**solution.statistics(), "wall_s": finished.seconds},
    }


def manifest_of_cycles(aged: Aged) -> dict[str, Any]:
    """Return what is said of many cycles: what was solved, counts, errors of the jumps."""
    life = aged.life
    statistics = {**life.statistics(), "jump_tolerance": life.tolerance, "wall_s": aged.seconds}
    return {**_head(aged.setup, aged.status), "statistics": statistics}


def _head(setup: Setup, status: str) -> dict[str, Any]:
    model, effective = setup.model, setup.effective
    return {
        "format": "microcell-p2d",
        "format_version": 1,
        "status": status,
        "written": now(),
        "case": setup.case,
        "sha256": _checksums(setup),
        "model": model.kind,
        "film": model.film,
        "design": model.design.model_dump(mode="json"),
        "given": list(setup.given),
        "measured": None if effective is None else effective.to_dict(),
        "negative": None if model.negative is None else _describe_negative(model.negative),
        "mechanisms": {_name(mechanism): _numbers(mechanism) for mechanism in model.mechanisms},
        "bpx": None if setup.bpx is None else {"file": str(setup.bpx), "notes": list(setup.notes)},
        "mesh": vars(model.mesh),
        **describe_program(),
    }


def _describe_negative(negative: Negative) -> dict[str, Any]:
    parameters = negative.parameters
    return {
        "design": negative.design.model_dump(mode="json"),
        "at_full": list(negative.at_full),
        "parameters": [parameters.info(name).model_dump(mode="json") for name in parameters],
    }


def _name(mechanism: Mechanism) -> str:
    return next(
        (name for name, kind in KINDS.items() if isinstance(mechanism, kind)), type(mechanism).__name__
    )


def _numbers(mechanism: Mechanism) -> dict[str, float]:
    """Numbers of a mechanism by the name that case files use."""
    return {
        name: float(getattr(mechanism, field)) for field, name in parameter_names(type(mechanism)).items()
    }


def _checksums(setup: Setup) -> dict[str, str]:
    """Checksums of the files, and of the phase codes of the image as they were used."""
    sums = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in setup.files.items()}
    if setup.volume is not None:
        sums["phases"] = hashlib.sha256(np.ascontiguousarray(setup.volume.labels).tobytes()).hexdigest()
    return sums
