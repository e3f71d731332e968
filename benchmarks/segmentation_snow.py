"""Particles of a whole cathode image: microcell against PoreSpy's SNOW, in time and memory.

Run: ``python benchmarks/segmentation_snow.py --peer-python PYTHON``, where PYTHON is an interpreter with
PoreSpy (``pip install porespy``; it asks for other versions of packages that microcell uses, so an
environment of its own is best). Every run is a process of its own that has loaded the image and run once on
a corner of it, so that imports and the peer's just-in-time compilation do not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import memory
import numpy as np
import record

VOXEL = 398e-9
EDGES = (VOXEL, VOXEL, VOXEL)
CORNER = (slice(0, 48),) * 3

Task = Callable[[np.ndarray], np.ndarray]


def microcell_segment(active: np.ndarray) -> np.ndarray:
    """Return labels by microcell's default rules."""
    from microcell.image import Volume, segment

    return segment(Volume(active.view(np.uint8), EDGES)).labels


def snow(active: np.ndarray) -> np.ndarray:
    """Return labels by PoreSpy's SNOW with its defaults, one process."""
    import porespy

    return porespy.filters.snow_partitioning(active).regions


def snow_parallel(active: np.ndarray) -> np.ndarray:
    """Return labels by PoreSpy's SNOW on chunks, all cores."""
    import porespy

    return porespy.filters.snow_partitioning_parallel(active).regions


def microcell_distance(active: np.ndarray) -> np.ndarray:
    """Return the distance transform as microcell calls it (edt, all cores)."""
    from microcell.image.distance import surface_distance

    return surface_distance(active, EDGES)


def edt_one_core(active: np.ndarray) -> np.ndarray:
    """Return the distance transform by edt on one core."""
    import edt

    return edt.edt(active, parallel=1)


def scipy_distance(active: np.ndarray) -> np.ndarray:
    """Return the distance transform by SciPy."""
    from scipy import ndimage

    return ndimage.distance_transform_edt(active)


def porespy_distance(active: np.ndarray) -> np.ndarray:
    """Return the distance transform that PoreSpy prefers (edt, or pyedt where installed)."""
    import porespy

    return porespy.tools.get_edt()(active)


OURS: dict[str, Task] = {
    "microcell segment": microcell_segment,
    "microcell distance": microcell_distance,
    "edt, one core": edt_one_core,
    "scipy distance": scipy_distance,
}
PEERS: dict[str, Task] = {
    "porespy snow": snow,
    "porespy snow, parallel": snow_parallel,
    "porespy distance": porespy_distance,
}
LABELS = ("microcell segment", "porespy snow", "porespy snow, parallel")


def one(task: str, image: Path, output: Path) -> dict[str, Any]:
    """Run one task in this process: seconds, and bytes above what the process held before."""
    active = np.load(image)
    run = (OURS | PEERS)[task]
    run(np.ascontiguousarray(active[CORNER]))
    held = memory.reset_peak()
    begun = time.perf_counter()
    result = run(active)
    seconds = time.perf_counter() - begun
    peak = memory.peak() - held
    if task in LABELS:
        np.save(output, result)
    packages = ("edt",) if task in OURS else ("porespy", "edt", "scikit-image")
    return {"seconds": seconds, "peak_bytes": peak, "versions": {name: version(name) for name in packages}}


def repeat(task: str, python: str, image: Path, folder: Path, times: int) -> dict[str, Any]:
    """Run a task in so many fresh processes; medians and all values."""
    command = [
        python,
        __file__,
        "--task",
        task,
        "--image",
        str(image),
        "--output",
        str(labels_of(folder, task)),
    ]
    runs = []
    for _ in range(times):
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(json.loads(answer.splitlines()[-1]))
    result = {
        "task": task,
        "seconds": statistics.median(run["seconds"] for run in runs),
        "peak_bytes": statistics.median(run["peak_bytes"] for run in runs),
        "all_seconds": [run["seconds"] for run in runs],
        "versions": runs[0]["versions"],
    }
    print(f"{task:24} {result['seconds']:7.2f} s  {result['peak_bytes'] / 2**20:7.0f} MiB", flush=True)
    return result


def labels_of(folder: Path, task: str) -> Path:
    """Name the file with the labels of a task."""
    return folder / f"{task.replace(' ', '_').replace(',', '')}.npy"


def compare(folder: Path, active: np.ndarray) -> list[dict[str, Any]]:
    """Compare counts, sizes and agreement of the labels; the parallel SNOW trims odd lengths by a voxel."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "image"))
    from adjusted_rand import adjusted_rand

    from microcell.image import Particles

    ours = np.load(labels_of(folder, LABELS[0]))
    rows = []
    for task in LABELS:
        labels = np.load(labels_of(folder, task)).astype(np.int32)
        box = tuple(slice(0, length) for length in labels.shape)
        inside = active[box]
        particles = Particles.from_labels(labels, EDGES)
        rows.append(
            {
                "task": task,
                "particles": particles.count,
                "median_diameter_um_whole_particles": 1e6 * particles.median_diameter(),
                "voxels_trimmed": active.size - labels.size,
                "active_voxels_without_label": int(np.count_nonzero(inside & (labels == 0))),
                "adjusted_rand_with_microcell": adjusted_rand(ours[box][inside], labels[inside]),
            }
        )
        print(" ".join(f"{key} {value}" for key, value in rows[-1].items()))
    return rows


def check_peer(python: str) -> None:
    """Stop where the peer's interpreter has no PoreSpy."""
    if subprocess.run([python, "-c", "import porespy"], capture_output=True).returncode:
        sys.exit(
            f"{Path(python).name} has no PoreSpy: pip install porespy into an environment of its own, and "
            "name its interpreter with --peer-python"
        )


def main() -> None:
    """Run all tasks, compare, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter with PoreSpy")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-repeats", type=int, default=3)
    parser.add_argument("--task", choices=list(OURS | PEERS), help="run this in this process, print JSON")
    parser.add_argument("--image", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.task:
        print(json.dumps(one(arguments.task, arguments.image, arguments.output)))
        return
    check_peer(arguments.peer_python)
    import tifffile

    active = tifffile.imread(arguments.volumes / "nmc_cal_3phase.tif") == 1
    with tempfile.TemporaryDirectory(prefix="segmentation-") as name:
        folder = Path(name)
        image = folder / "active.npy"
        np.save(image, active)
        times = [repeat(task, sys.executable, image, folder, arguments.repeats) for task in OURS]
        times += [
            repeat(task, arguments.peer_python, image, folder, arguments.peer_repeats) for task in PEERS
        ]
        partitions = compare(folder, active)
    content = {"voxels": active.size, "active_voxels": int(active.sum()), "runs": times}
    content |= {"partitions": partitions, "bars": ratios(times)}
    print(record.save("segmentation_snow", content))


def ratios(times: list[dict[str, Any]]) -> dict[str, float]:
    """Time and memory of microcell over those of SNOW, on one core and on all."""
    by_task = {row["task"]: row for row in times}
    ours, result = by_task["microcell segment"], {}
    for name, task in (("SNOW", "porespy snow"), ("parallel SNOW", "porespy snow, parallel")):
        result[f"seconds over {name}"] = ours["seconds"] / by_task[task]["seconds"]
        result[f"memory over {name}"] = ours["peak_bytes"] / by_task[task]["peak_bytes"]
    print("  ".join(f"{name}: {value:.2f}" for name, value in result.items()))
    return result


if __name__ == "__main__":
    main()
