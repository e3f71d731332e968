"""``microcell demo``: the whole job on a volume that the command generates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import VolumeError

if TYPE_CHECKING:
    from ..results import Solution

DEFAULT_SIZE = "32x24x24"

VOXEL, DIAMETER = 400e-9, 4e-6
"""Edge of a voxel, and mean particle diameter [m]: ten voxels resolve a particle, and many fit the image."""

CASE = """\
# Written by `microcell demo`. Change it, and run it again: microcell run {case}

[volume]
path = "cathode.tif"           # relative to this file
voxel_size = "400 nm"          # or three of them, in the order of axes
axes = "ZYX"                   # order of the array axes in the file
through_axis = "Z"             # from separator to collector
separator_side = "low"         # the separator lies at index 0 of that axis
phases = {{ pore = 0, active = 1, cbd = 2 }}

[cell]
parameters = "nmc811"
separator_thickness = "20 um"

[protocol]
initial = "3.6 V"
steps = ["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20", "Discharge at 1C until 3.0 V"]

[output]
every = "300 s"
"""


def demo(
    size: Annotated[
        str,
        typer.Option("--size", metavar="ZxYxX", help="Voxels of 400 nm along z (through the cell), y and x."),
    ] = DEFAULT_SIZE,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for image, case file and run directory."),
    ] = Path("microcell-demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed gives another cathode.")] = 7,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier demo there.")] = False,
) -> None:
    """Do the whole job on a generated cathode: inspect, segment, charge, hold, discharge, ledger, report.

    Generates a cathode of NMC particles with carbon-binder bridges, writes it as a TIFF stack with a case
    file beside it, runs that case (1C to 4.3 V, hold to C/20, 1C to 3.0 V), and shows which particles have
    grown the thickest rocksalt film.
    """
    shape = parse_size(size)
    run_folder = out / "run"
    from .job import check_folder, simulate, summarize

    check_folder(run_folder, resume=False, overwrite=overwrite)
    case_file = write_inputs(out, shape, seed)
    from ..case import Case

    solution = simulate(Case.read(case_file), run_folder, overwrite=overwrite, table=True)
    typer.echo(f"{summarize(solution)}\n\n{thickest(solution)}\n\n{next_steps(case_file, run_folder)}")


def parse_size(text: str) -> tuple[int, int, int]:
    """Read "32x24x24".

    Raises
    ------
    VolumeError
        If it is not three whole numbers from 8 to 512.
    """
    parts = re.fullmatch(r"(\d+)x(\d+)x(\d+)", text.strip().lower())
    numbers = [int(part) for part in parts.groups()] if parts else []
    if not numbers or not all(8 <= number <= 512 for number in numbers):
        raise VolumeError(
            "the size is not three numbers of voxels",
            key="--size",
            value=text,
            allowed="8 to 512 along each axis",
            fix=f"write for example --size {DEFAULT_SIZE}: z, y, x",
        )
    return numbers[0], numbers[1], numbers[2]


def write_inputs(out: Path, shape: tuple[int, int, int], seed: int) -> Path:
    """Generate the cathode, write it with a case file, and return the case file."""
    import tifffile

    from ..image import generate_cathode

    cathode = generate_cathode(shape, VOXEL, diameter_mean=DIAMETER, overlap=0.02, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    image = out / "cathode.tif"
    tifffile.imwrite(image, cathode.volume.labels, compression="zlib", metadata={"axes": "ZYX"})
    case_file = out / "case.toml"
    case_file.write_text(CASE.format(case=case_file), encoding="utf-8")
    typer.echo(
        f"Generated   {image} with {len(cathode.table)} particles, those that the border cuts included"
    )
    typer.echo(f"Wrote       {case_file}\n")
    return case_file


def thickest(solution: Solution, count: int = 5) -> str:
    """Return a table of the particles with the thickest film."""
    film, diameter = "Mean rocksalt thickness [m]", "Equivalent diameter [m]"
    distance = "Distance to separator [m]"
    table = solution.particles.sort_values(film, ascending=False).head(count)
    lines = ["The thickest films:", "  particle  diameter [um]  distance to separator [um]  mean film [nm]"]
    lines += [
        f"  {int(row['Label']):8d}  {1e6 * row[diameter]:13.2f}  {1e6 * row[distance]:26.1f}"
        f"  {1e9 * row[film]:14.4f}"
        for _, row in table.iterrows()
    ]
    return "\n".join(lines)


def next_steps(case_file: Path, run_folder: Path) -> str:
    """Return what a newcomer may try next."""
    return "\n".join(
        (
            "Next:",
            f"  open {run_folder / 'report.html'} in a browser",
            f"  microcell view {run_folder} --screenshot film.png",
            f'  microcell run {case_file} --out warm --set "Temperature [K]=308.15"',
        )
    )
