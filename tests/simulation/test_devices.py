"""A cell in slabs on several devices, and in several processes: the same answer as on one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from pandas import read_csv

from microcell.image.synthetic import generate_cathode
from microcell.results.store import read_checkpoint

pytestmark = pytest.mark.devices

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("on_devices.py")


def environment(devices: int) -> dict[str, str]:
    """Simulated devices, this checkout, no compile cache of the user.

    XLA gives its pool one thread per device, and exchanges that run beside each other wait in threads: more
    devices than are used keep it from running out of them.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    flags = f"--xla_force_host_platform_device_count={devices}"
    flags += " --xla_cpu_collective_call_terminate_timeout_seconds=300"
    own = {"XLA_FLAGS": flags, "PYTHONPATH": path, "MICROCELL_CACHE_DIR": "", "JAX_PLATFORMS": "cpu"}
    return os.environ | own


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the runs of ``on_devices.py``."""
    folder = tmp_path_factory.mktemp("devices")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)],
        env=environment(32),
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def difference(one: Path, other: Path) -> dict[str, float]:
    """Largest difference of every array of the final state, relative to its largest entry."""
    (a, _), (b, _) = read_checkpoint(one), read_checkpoint(other)
    return {k: float(np.abs(a[k] - b[k]).max() / max(np.abs(a[k]).max(), 1e-300)) for k in a}


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_slabs_give_the_answer_of_one_device(runs: Path, devices: int) -> None:
    """A charge and a hold on 2, 4 and 8 slabs: concentrations, potentials, currents and films to 1e-10.

    Residuals are solved to 2e-11 of the current, so that what is left is the rounding of sums in another
    order. 24 slices on 8 devices are slabs of 3; one of them lies in the separator and has no interface.
    """
    found = difference(runs / "on 1", runs / f"on {devices}")
    assert set(found) >= {"c", "phi_s", "phi_e", "voltage", "film", "face_current"}
    assert max(found.values()) <= 1e-10, found


def test_a_checkpoint_goes_on_with_another_number_of_devices(runs: Path) -> None:
    """Interrupted on 2 devices, resumed on 1 and on 4: the same end (1e-10), that of the whole run to 0.1 mV.

    A resumed run starts without the slopes of its past, takes other steps and so differs from the whole one
    by the error of the time steps.
    """
    found = difference(runs / "resumed on 1", runs / "resumed on 4")
    assert max(found.values()) <= 1e-10, found
    whole, resumed = (read_checkpoint(runs / name)[0]["voltage"] for name in ("on 1", "resumed on 1"))
    assert abs(float(whole - resumed)) <= 1e-4


def test_two_processes_run_one_case(tmp_path: Path) -> None:
    """``microcell run --processes`` twice, one device each: the time series of a single process (1e-9).

    Default tolerances (residual 2e-9). Only the first process writes and speaks; the results are whole.
    """
    made = generate_cathode((10, 6, 6), 5e-7, diameter_mean=2.5e-6, diameter_std=0.5e-6, seed=3)
    tifffile.imwrite(tmp_path / "cathode.tif", made.volume.labels)
    (tmp_path / "case.toml").write_text(CASE)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "microcell", "run", "case.toml", "--device", "cpu", "--out"]
    jobs = [
        subprocess.Popen(
            [*command, "both", "--processes", f"localhost:{port},2,{number}"],
            env=environment(1),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (0, 1)
    ]
    try:
        said = [job.communicate(timeout=500) for job in jobs]
    finally:
        for job in jobs:
            job.kill()
    assert [job.returncode for job in jobs] == [0, 0], said
    assert "Report" in said[0][0]
    assert "Report" not in said[1][0]
    subprocess.run([*command, "one"], env=environment(1), cwd=tmp_path, check=True, capture_output=True)
    one, both = (read_csv(tmp_path / name / "timeseries.csv") for name in ("one", "both"))
    for column in ("Time [s]", "Voltage [V]", "Current [A]", "Mean rocksalt thickness [m]"):
        assert np.allclose(one[column], both[column], rtol=1e-9, atol=0), column
    assert (tmp_path / "both" / "report.html").exists()


CASE = """
[volume]
path = "cathode.tif"
voxel_size = "500 nm"
axes = "ZYX"
through_axis = "Z"
separator_side = "low"
phases = { pore = 0, active = 1, cbd = 2 }

[cell]
separator_thickness = "5 um"

[protocol]
initial = "3.7 V"
steps = ["Charge at 1C for 20 seconds"]
"""
