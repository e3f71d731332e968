"""What every benchmark records: machine, versions, time; and where the volumes are."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
VOLUMES = Path(__file__).resolve().parents[2] / "shared" / "volumes"


def machine() -> dict[str, Any]:
    """Describe the machine and the versions that matter."""
    import jax

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_GiB": round(memory, 1),
        "devices": [f"{d.platform}: {d.device_kind}" for d in jax.devices()],
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("microcell", "jax", "jaxlib", "numpy", "scipy")},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":")[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def save(name: str, content: dict[str, Any]) -> Path:
    """Write ``results/<name>.json`` with machine, date and command."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    head = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "arguments": [Path(a).name for a in sys.argv[1:]],  # places differ from machine to machine
        "machine": machine(),
    }
    path.write_text(json.dumps(head | content, indent=1, default=float) + "\n")
    return path
