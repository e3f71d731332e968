"""Generate a cathode: phases, true particle labels, table of true particles, checksums.

Run ``python data/generate_cathode.py --help`` for the options; without any it writes the small volume that
is kept beside this script. The same options give the same voxels.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import tifffile

from microcell.image import SyntheticCathode, generate_cathode, grey_image

HERE = Path(__file__).parent
SMALL = {
    "shape": (32, 24, 24),
    "voxel_size": 400e-9,
    "diameter_mean": 4.4e-6,
    "diameter_std": 0.8e-6,
    "seed": 7,
}
"""The options of the volume that is kept in the repository; the tests generate it again and compare."""


def write_stack(path: Path, array: np.ndarray, voxel_size: float, **notes: object) -> None:
    """Write a TIFF stack, one page per z slice, that states its axes and voxel size."""
    edge = [voxel_size * 1e6] * 3
    pixels_per_cm = (1e-2 / voxel_size, 1e-2 / voxel_size)
    tifffile.imwrite(
        path,
        array,
        compression="zlib",
        resolution=pixels_per_cm,
        resolutionunit="CENTIMETER",
        metadata={"axes": "ZYX", "voxel_size_um": edge, **notes},
    )


def write_cathode(cathode: SyntheticCathode, out: Path, name: str, *, grey: bool = False) -> list[Path]:
    """Write all files of a cathode and return their paths."""
    edge = cathode.volume.voxel_size[0]
    files = [out / f"{name}.tif", out / f"{name}_particles.tif", out / f"{name}_particles.csv"]
    write_stack(files[0], cathode.volume.labels, edge, phases={"0": "pore", "1": "active", "2": "cbd"})
    write_stack(files[1], cathode.particle_labels.astype(np.uint16), edge)
    cathode.table.to_csv(files[2], index=False, float_format="%.9g")
    if grey:
        files.append(out / f"{name}_grey.tif")
        write_stack(files[3], grey_image(cathode.volume), edge)
    return files


def write_checksums(files: list[Path], out: Path) -> None:
    """Write SHA256SUMS as ``sha256sum -c`` reads it."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (out / "SHA256SUMS").write_text("".join(lines))


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--shape", type=int, nargs=3, default=SMALL["shape"], metavar=("Z", "Y", "X"))
    parser.add_argument("--voxel-size", type=float, default=SMALL["voxel_size"], help="[m]")
    parser.add_argument("--active-fraction", type=float, default=0.5)
    parser.add_argument("--cbd-fraction", type=float, default=0.1)
    parser.add_argument("--diameter-mean", type=float, default=SMALL["diameter_mean"], help="[m]")
    parser.add_argument("--diameter-std", type=float, default=SMALL["diameter_std"], help="[m]")
    parser.add_argument(
        "--overlap", type=float, default=0.1, help="closest approach is (1 - overlap) (r1 + r2)"
    )
    parser.add_argument("--roughness", type=float, default=0.0, help="over the mean radius")
    parser.add_argument("--seed", type=int, default=SMALL["seed"])
    parser.add_argument("--grey", action="store_true", help="also write a FIB-SEM-like grey image")
    return parser.parse_args()


def main() -> None:
    """Generate, write, and say what was written."""
    options = vars(arguments())
    out, grey = options.pop("out"), options.pop("grey")
    options["shape"] = tuple(options["shape"])
    cathode = generate_cathode(**options)
    out.mkdir(parents=True, exist_ok=True)
    name = "cathode_" + "x".join(map(str, options["shape"]))
    files = write_cathode(cathode, out, name, grey=grey)
    write_checksums(files, out)
    print(cathode.volume.describe())
    print(f"Particles   {len(cathode.table)}")
    print("Written     " + ", ".join(file.name for file in files))


if __name__ == "__main__":
    main()
