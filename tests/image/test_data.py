"""The generated volume in the repository: its checksums, and that the generator still makes it."""

import hashlib
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from microcell.image import Volume, generate_cathode

DATA = Path(__file__).resolve().parents[2] / "data"


def test_checksums():
    lines = (DATA / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest


def test_the_generator_reproduces_the_volume():
    options = runpy.run_path(str(DATA / "generate_cathode.py"))["SMALL"]
    cathode = generate_cathode(**options)
    volume = Volume.read(
        DATA / "cathode_32x24x24.tif",
        voxel_size="file",
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
    )
    np.testing.assert_array_equal(volume.labels, cathode.volume.labels)
    np.testing.assert_allclose(volume.voxel_size, 400e-9)
    truth = tifffile.imread(DATA / "cathode_32x24x24_particles.tif")
    np.testing.assert_array_equal(truth, cathode.particle_labels)
    table = pd.read_csv(DATA / "cathode_32x24x24_particles.csv")
    pd.testing.assert_frame_equal(table, cathode.table, check_dtype=False, rtol=1e-8)
