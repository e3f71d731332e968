"""Tortuosity factor: microcell against TauFactor 2 on the same images, cores and criterion.

Run: ``python benchmarks/tortuosity.py``, with torch (CPU) and taufactor installed beside microcell.

Both solve the same finite volumes on voxels for all three axes of an image. Both stop when the fluxes
through any two slices differ by less than 1 % (``conv_crit`` of TauFactor, ``tolerance`` of microcell; of
them, TauFactor takes inner slices only and asks in addition that tau moves by less than 2e-3 within 100
sweeps). Exact is microcell at 1e-8. Every measurement is a process of its own on the cores named;
importing and reading are not counted for either. TauFactor's time is the median of three solves. microcell
is measured cold (an empty folder of compiled programs, compiling included), again in a fresh process that
finds the programs, and in a process that has solved the image before; at TauFactor's tolerance, and warm at
its own default of 0.1 %.

In addition: the crop of 160^3 against the values of another code that come with the volume, and the whole
image of 15 million voxels with its memory, one axis of it with TauFactor too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import record

import microcell as mc

TOLERANCE = 1e-2
DEFAULT = 1e-3
BAR_TIMES, BAR_DIFFERENCE, BAR_TABLE = 15.0, 2e-3, 1e-2
REPEATS = 3
CALENDERED, GENERATED = "nmc_cal_3phase", "synthetic_gan_nmc_3phase_256"
VOXEL = {CALENDERED: "398 nm", GENERATED: "390.625 nm"}
CASES: dict[str, dict[str, Any]] = {
    "calendered 96^3": {"image": CALENDERED, "crop": [[45, 141], [70, 166], [20, 116]], "phase": "pore+cbd"},
    "generated 128^3": {"image": GENERATED, "crop": [[0, 128]] * 3, "phase": "pore+cbd"},
}
WHOLE: dict[str, Any] = {"image": CALENDERED, "crop": None, "phase": "pore+cbd"}
TABLE_CROP = [[45, 205], [70, 230], [20, 180]]
TABLE = {"pore": (0.1427, 0.1412, 0.1435), "pore+cbd": (0.2568, 0.3069, 0.3158)}
"""D_eff/D_0 along z, y, x of the crop above, from the README of the volumes; good to about 1 %."""


def read(volumes: Path, image: str, crop: Any) -> mc.Volume:
    return mc.Volume.read(
        volumes / f"{image}.tif",
        voxel_size=VOXEL[image],
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
        crop=crop,
    )


def measure_microcell(volume: mc.Volume, job: dict[str, Any]) -> dict[str, Any]:
    """Solve once, then again in the same process where asked."""
    import jax

    jax.config.update("jax_compilation_cache_dir", job["cache"])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    from microcell.homogenization import effective

    def solve(tolerance: float, axes: str = "zyx") -> tuple[float, Any]:
        begun = time.perf_counter()
        result = effective(volume, job["phase"], axes, tolerance=tolerance)
        return time.perf_counter() - begun, result

    first, result = solve(job["tolerance"], job["axes"])
    answer: dict[str, Any] = {"first_s": first, "rows": [row.to_dict() for row in result]}
    if job["again"]:
        answer["warm_s"] = median(solve(TOLERANCE)[0] for _ in range(REPEATS))
        answer["warm_one_axis_s"] = median(solve(TOLERANCE, "z")[0] for _ in range(REPEATS))
        answer["warm_default_s"] = median(solve(DEFAULT)[0] for _ in range(REPEATS))
        answer["default_rows"] = [row.to_dict() for row in solve(DEFAULT)[1]]
        answer["exact"] = [row.relative for row in solve(1e-8)[1]]
    return answer


def measure_taufactor(volume: mc.Volume, job: dict[str, Any]) -> dict[str, Any]:
    """Solve every axis, set-up of the solver included."""
    import taufactor
    import torch

    torch.set_num_threads(job["threads"])
    conducting = (volume.labels != 1).astype(np.uint8)
    rows = []
    for axis in map("zyx".index, job["axes"]):
        image = np.ascontiguousarray(np.moveaxis(conducting, axis, 0))
        taken = []
        for _ in range(REPEATS if job["again"] else 1):
            begun = time.perf_counter()
            solver = taufactor.Solver(image, device="cpu")
            tau = solver.solve(verbose=False, conv_crit=TOLERANCE, iter_limit=20000)
            taken.append(time.perf_counter() - begun)
        seconds = median(taken)
        flux = solver.flux_1d[0]
        rows.append(
            {
                "axis": "zyx"[axis],
                "seconds": seconds,
                "sweeps": solver.iter,
                "relative_to_D_0": float(solver.D_rel[0]),
                "tortuosity_factor": float(tau[0]),
                "flux_mismatch": float((flux.max() - flux.min()) / flux.max()),
            }
        )
    return {"rows": rows, "first_s": sum(row["seconds"] for row in rows)}


WORKERS = {"microcell": measure_microcell, "taufactor": measure_taufactor}


def work(job: dict[str, Any]) -> None:
    """Do one job in this process and print the answer as JSON on the last line."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: job["threads"]]))
    volume = read(Path(job["volumes"]), job["image"], job["crop"])
    answer = WORKERS[job["code"]](volume, job)
    answer["peak_GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(answer))


def in_process(code: str, case: dict[str, Any], options: argparse.Namespace, **job: Any) -> dict[str, Any]:
    """Do a job in a process of its own."""
    content = {
        "code": code,
        "threads": max(options.threads),
        "volumes": str(options.volumes),
        "tolerance": TOLERANCE,
        "again": False,
        "axes": "zyx",
        **case,
        **job,
    }
    command = [sys.executable, __file__, "--job", json.dumps(content)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def compare(name: str, case: dict[str, Any], threads: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one image with both codes on so many cores."""
    case = case | {"threads": threads}
    peer = in_process("taufactor", case, options, again=True)
    with tempfile.TemporaryDirectory() as cache:
        cold = in_process("microcell", case, options, cache=cache)
        warm = in_process("microcell", case, options, cache=cache, again=True)
    exact = np.array(warm["exact"])
    ours, theirs = (np.array([row["relative_to_D_0"] for row in a["rows"]]) for a in (warm, peer))
    seconds = {
        "cold, compiling included": cold["first_s"],
        "fresh process, compiled before": warm["first_s"],
        "same process": warm["warm_s"],
        "same process, tolerance 1e-3": warm["warm_default_s"],
    }
    one_axis = {"taufactor": peer["rows"][0]["seconds"], "microcell": warm["warm_one_axis_s"]}
    return {
        "case": name,
        "threads": threads,
        "voxels": int(np.prod([stop - start for start, stop in case["crop"]])),
        "taufactor": peer,
        "microcell": {"cold": cold, "warm": warm},
        "seconds_three_axes": {"TauFactor": peer["first_s"], **seconds},
        "times_faster": {key: peer["first_s"] / value for key, value in seconds.items()},
        "one_axis_z": {**one_axis, "times_faster": one_axis["taufactor"] / one_axis["microcell"]},
        "largest_difference": float(np.max(np.abs(ours / theirs - 1))),
        "error_microcell": float(np.max(np.abs(ours / exact - 1))),
        "error_taufactor": float(np.max(np.abs(theirs / exact - 1))),
    }


def against_table(options: argparse.Namespace) -> dict[str, Any]:
    """Compare the 160^3 crop with the values that come with it."""
    result: dict[str, Any] = {}
    for phase, expected in TABLE.items():
        case = {"image": CALENDERED, "crop": TABLE_CROP, "phase": phase}
        with tempfile.TemporaryDirectory() as cache:
            done = in_process("microcell", case, options, cache=cache, tolerance=DEFAULT)
        found = [row["relative_to_D_0"] for row in done["rows"]]
        difference = float(np.max(np.abs(np.array(found) / expected - 1)))
        result[phase] = {"found": found, "expected": expected, "largest_difference": difference, **done}
    return result


def whole_image(options: argparse.Namespace) -> dict[str, Any]:
    """Solve the whole image; bytes per voxel are those of the process at its peak."""
    with tempfile.TemporaryDirectory() as cache:
        done = in_process("microcell", WHOLE, options, cache=cache, tolerance=DEFAULT)
    done["bytes_per_voxel"] = done["peak_GiB"] * 2**30 / (251 * 301 * 200)
    return done


def large_image(case: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Solve one axis of an image with both codes at TauFactor's tolerance."""
    peer = in_process("taufactor", case, options, axes="z")
    with tempfile.TemporaryDirectory() as cache:
        cold = in_process("microcell", case, options, cache=cache, axes="z")
        compiled = in_process("microcell", case, options, cache=cache, axes="z")
    found, theirs = (a["rows"][0]["relative_to_D_0"] for a in (compiled, peer))
    seconds = {
        "cold, compiling included": cold["first_s"],
        "fresh process, compiled before": compiled["first_s"],
    }
    return {
        "axis": "z",
        "seconds": {"TauFactor": peer["first_s"], **seconds},
        "times_faster": {key: peer["first_s"] / value for key, value in seconds.items()},
        "difference": abs(found / theirs - 1),
        "peak_GiB": {"TauFactor": peer["peak_GiB"], "microcell": compiled["peak_GiB"]},
        "taufactor": peer,
        "microcell": {"cold": cold, "compiled": compiled},
    }


def named(case: dict[str, Any]) -> str:
    """Name an image and the cores it was solved on."""
    return f"{case['case']}, {case['threads']} core{'s' if case['threads'] > 1 else ''}"


def show(result: dict[str, Any]) -> None:
    """Print what was found."""
    for case in result["cases"]:
        print(f"\n{named(case)}, pore+cbd, three axes ({case['voxels']:,} voxels)")
        for name, seconds in case["seconds_three_axes"].items():
            faster = case["times_faster"].get(name)
            print(f"  {name:34s} {seconds:8.2f} s" + (f"  {faster:6.1f}x faster" if faster else ""))
        one = case["one_axis_z"]
        print(f"  one axis, same process: {one['microcell']:.2f} s, {one['times_faster']:.1f}x faster")
        sweeps = [row["sweeps"] for row in case["taufactor"]["rows"]]
        steps = [row["iterations"] for row in case["microcell"]["warm"]["rows"]]
        print(f"  sweeps of TauFactor {sweeps}, conjugate gradients of microcell {steps}")
        print(
            f"  D_eff differ by {case['largest_difference']:.1e}; error of microcell "
            f"{case['error_microcell']:.1e}, of TauFactor {case['error_taufactor']:.1e}"
        )
    for phase, row in result["table_160"].items():
        print(
            f"\n160^3 {phase}: {np.round(row['found'], 4)} against {row['expected']}, "
            f"at most {100 * row['largest_difference']:.2f} %; {row['first_s']:.1f} s, "
            f"{row['peak_GiB']:.1f} GiB"
        )
    whole = result["whole"]
    values = [round(row["relative_to_D_0"], 5) for row in whole["rows"]]
    print(
        f"\nwhole image, pore+cbd: {values}; {whole['first_s']:.1f} s compiling included, peak "
        f"{whole['peak_GiB']:.2f} GiB = {whole['bytes_per_voxel']:.0f} bytes per voxel"
    )
    large = result["whole_one_axis"]
    print(f"\nwhole image, axis {large['axis']}, tolerance {TOLERANCE:g}")
    for name, seconds in large["seconds"].items():
        faster = large["times_faster"].get(name)
        print(f"  {name:34s} {seconds:8.2f} s" + (f"  {faster:6.1f}x faster" if faster else ""))
    memory = ", ".join(f"{name} {peak:.2f} GiB" for name, peak in large["peak_GiB"].items())
    print(f"  D_eff differ by {large['difference']:.1e}; peak {memory}")
    for name, value, bar, met in result["checks"]:
        print(f"{'met ' if met else 'MISSED'}  {name}: {value:.3g} (bar {bar:g})")


def checks(result: dict[str, Any]) -> list[tuple[str, float, float, bool]]:
    """Set measured values beside the bars."""
    rows = []
    for case in result["cases"]:
        name = named(case)
        for state in ("same process", "fresh process, compiled before", "cold, compiling included"):
            value = case["times_faster"][state]
            rows.append((f"{name}: times faster, {state}", value, BAR_TIMES, value >= BAR_TIMES))
        value = case["one_axis_z"]["times_faster"]
        rows.append((f"{name}: times faster, one axis, same process", value, BAR_TIMES, value >= BAR_TIMES))
        value = case["largest_difference"]
        rows.append((f"{name}: difference", value, BAR_DIFFERENCE, value <= BAR_DIFFERENCE))
    for phase, row in result["table_160"].items():
        value = row["largest_difference"]
        rows.append((f"160^3 {phase}: difference from the table", value, BAR_TABLE, value <= BAR_TABLE))
    return rows


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--volumes", type=Path, default=record.VOLUMES, help="folder of the reference volumes"
    )
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        default=sorted({1, len(os.sched_getaffinity(0))}),
        help="cores of both codes; the large images take the most",
    )
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        work(json.loads(options.job))
        return
    missing = [name for name in ("torch", "taufactor") if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} not installed: pip install torch taufactor")
    result: dict[str, Any] = {"threads": options.threads, "tolerance": TOLERANCE}
    result["cases"] = [
        compare(name, case, threads, options) for threads in options.threads for name, case in CASES.items()
    ]
    result["table_160"] = against_table(options)
    result["whole"] = whole_image(options)
    result["whole_one_axis"] = large_image(WHOLE, options)
    result["checks"] = checks(result)
    show(result)
    versions = {name: record._version(name) for name in ("torch", "taufactor")}
    print(record.save("tortuosity", {"peers": versions, **result}))


if __name__ == "__main__":
    main()
