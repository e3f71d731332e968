"""Case files, parameters, protocols and run directories that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from bad_volumes import Arrange, Bad, plugged
from cli_inputs import IMAGE, write_case

INITIAL = "Rocksalt initial thickness [m]"


def run(*options: str, **changes: Any) -> Arrange:
    """Write the case with keys changed, and run it."""

    def arrange(folder: Path) -> tuple[str, ...]:
        write_case(folder, **changes)
        return ("run", "case.toml", "--out", "out", *options)

    return arrange


def override(text: str) -> Arrange:
    return run("--set", text)


def steps(*texts: str) -> Arrange:
    return run(protocol__steps=list(texts))


def with_image(array: np.ndarray) -> Arrange:
    def arrange(folder: Path) -> tuple[str, ...]:
        tifffile.imwrite(folder / "cathode.tif", array)
        return ("run", "case.toml", "--out", "out")

    return arrange


def text_case(content: str | bytes) -> Arrange:
    def arrange(folder: Path) -> tuple[str, ...]:
        (folder / "case.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return ("run", "case.toml", "--out", "out")

    return arrange


def in_folder(*arguments: str, **contents: str) -> Arrange:
    """Make a folder "out" with files of these contents; ``run_json`` stands for run.json."""

    def arrange(folder: Path) -> tuple[str, ...]:
        (folder / "out").mkdir()
        for name, content in contents.items():
            (folder / "out" / name.replace("_", ".")).write_text(content)
        return arguments

    return arrange


def file_in_the_way(folder: Path) -> tuple[str, ...]:
    (folder / "out").write_text("a file")
    return ("run", "case.toml", "--out", "out")


def file_above(folder: Path) -> tuple[str, ...]:
    (folder / "results").write_text("a file")
    return ("run", "case.toml", "--out", "results/out")


def bad_parameter_file(folder: Path) -> tuple[str, ...]:
    (folder / "mine.toml").write_text('base = "nmc811"\n"Temperatur [K]" = 300\n')
    write_case(folder, cell__parameters="mine.toml")
    return ("run", "case.toml", "--out", "out")


EMPTY_RUN = json.dumps({"format": "microcell-run", "status": "running", "case": {}, "info": {}, "steps": []})

BAD_CASES = (
    Bad(
        "case missing",
        lambda f: ("run", "cas.toml"),
        ("cas.toml", "does not exist", "did you mean 'case.toml'"),
    ),
    Bad("case is a folder", lambda f: ("run", "."), ("folder", ".toml")),
    Bad(
        "case is the image",
        text_case(IMAGE.tobytes() + b"\xff\xfe"),
        ("case.toml", "not a text file", ".toml file"),
    ),
    Bad("TOML syntax", text_case("[volume]\npath = cathode.tif\n"), ("case.toml", "line 2", "quotes")),
    Bad("section missing", run(protocol=None), ("protocol", "missing", "steps = [")),
    Bad("section misspelt", run(protocl__initial="3.6 V"), ("protocl", "no such section", "'protocol'")),
    Bad("key missing", run(protocol__initial=None), ("protocol.initial", "missing", 'initial = "3.6 V"')),
    Bad(
        "key misspelt",
        run(volume__voxelsize="400 nm"),
        ("volume.voxelsize", "no such key", "did you mean 'voxel_size'"),
    ),
    Bad("wrong type", run(volume__axes=3), ("volume.axes", "3", "string")),
    Bad(
        "wrong type in a list",
        run(volume__crop=[[0, "a"], "all", "all"]),
        ("volume.crop[0][1]", "'a'", "integer"),
    ),
    Bad(
        "choice misspelt",
        run(cell__area_model="normal"),
        ("cell.area_model", "'normal'", "'normals'", "'faces'"),
    ),
    Bad(
        "no voxel size",
        run(volume__voxel_size=None),
        ("volume.voxel_size of case.toml", "cathode.tif", "398 nm"),
    ),
    Bad("image missing", run(volume__path="cathod.tif"), ("cathod.tif", "did you mean 'cathode.tif'")),
    Bad(
        "crop outside",
        run(volume__crop=[[0, 99], "all", "all"]),
        ("volume.crop of case.toml", "[0, 99]", "Z 0 to 12"),
    ),
    Bad("segmentation range", run(segmentation__median_size=4), ("segmentation.median_size", "4", "odd")),
    Bad(
        "separator in ampere",
        run(cell__separator_thickness="20 A"),
        ("cell.separator_thickness", "20 A", "dimension"),
    ),
    Bad(
        "separator negative",
        run(cell__separator_thickness="-5 um"),
        ("cell.separator_thickness", "-5 um", "range"),
    ),
    Bad(
        "separator cells",
        run(cell__separator_cells=0),
        ("cell.separator_cells", "0", "greater than or equal to 1"),
    ),
    Bad(
        "parameter set typo",
        run(cell__parameters="nmc81"),
        ("cell.parameters", "nmc81", "did you mean 'nmc811'"),
    ),
    Bad("parameter file missing", run(cell__parameters="mine.toml"), ("mine.toml", "cannot be read", "path")),
    Bad("parameter file typo", bad_parameter_file, ("mine.toml", "Temperatur [K]", "'Temperature [K]'")),
    Bad("parameter typo", override("Rocksalt initial thicknes [m]=0.3 nm"), ("thicknes [m]", f"'{INITIAL}'")),
    Bad(
        "parameter unit",
        override(f"{INITIAL}=0.3 ns"),
        (INITIAL, "0.3 ns", "dimension", "give the value in m"),
    ),
    Bad("parameter unit unknown", override(f"{INITIAL}=0.3 foo"), (INITIAL, "foo", "use m")),
    Bad("parameter range", override(f"{INITIAL}=0.3"), (INITIAL, "0.3", "range", "unit")),
    Bad("parameter NaN", override(f"{INITIAL}=nan"), (INITIAL, "nan", "finite")),
    Bad("parameter list", override(f"{INITIAL}=[1, 2]"), (INITIAL, "[1, 2]", "number")),
    Bad("law typo", override("Active diffusivity [m2.s-1]=nmc812"), ("Active diffusivity", "nmc812", "law")),
    Bad("override without value", override("Temperature [K]"), ("Temperature [K]", "key=value", "as in")),
    Bad(
        "override section typo",
        override("cel.separator_thickness=20 um"),
        ("cel", "no such section", "'cell'"),
    ),
    Bad("override key typo", override("cell.separator=20 um"), ("cell.separator", "'separator_thickness'")),
    Bad(
        "override of a value below a value",
        override("volume.path.name=1"),
        ("volume.path.name", "no keys below"),
    ),
    Bad("protocol empty", steps(), ("protocol.steps", "no steps", "Charge at 1C until 4.3 V")),
    Bad("protocol nonsense", steps("Do something nice"), ("step 1", "Do", "Charge at 1C until 4.3 V")),
    Bad("protocol typo", steps("Chrage at 1C until 4.3 V"), ("step 1", "Chrage", "did you mean 'charge'")),
    Bad("protocol without end", steps("Charge at 1C"), ("step 1", "Charge at 1C", "until")),
    Bad("protocol unit", steps("Charge at 1C until 4.3 A/m"), ("step 1", "4.3 A/m")),
    Bad("hold at a current", steps("Hold at 1C for 1 h"), ("step 1", "1C", "Only a voltage can be held")),
    Bad("charge at a voltage", steps("Charge at 4.3 V until C/20"), ("step 1", "4.3 V", "Hold at 4.3 V")),
    Bad("step not a text", run(protocol__steps=[7]), ("step 1", "7")),
    Bad("voltage outside", steps("Charge at 1C until 5.5 V"), ("step 1", "5.5", "voltage limits")),
    Bad("repeat zero", run(protocol__repeat=0), ("protocol.repeat", "0", "above 0")),
    Bad("initial without unit", run(protocol__initial="3.6"), ("protocol.initial", "3.6", 'write "3.6 V"')),
    Bad("initial percentage", run(protocol__initial="50 %"), ("protocol.initial", "50 %", "lithiated")),
    Bad("initial outside", run(protocol__initial="x = 1.2"), ("protocol.initial", "1.2", "0 to 1")),
    Bad(
        "initial outside of the open-circuit range",
        run(protocol__initial="3.1 V"),
        ("protocol.initial", "3.1 V", "3.192 V to", "inside the range"),
    ),
    Bad(
        "output field typo",
        run(output__fields=["Active concentraton [mol.m-3]"]),
        ("output.fields", "Active concentraton", "did you mean 'Active concentration [mol.m-3]'"),
    ),
    Bad("output interval negative", run(output__every="-60 s"), ("output.every", "-60 s", "above 0")),
    Bad("output interval in metres", run(output__every="60 m"), ("output.every", "60 m", "dimension")),
    Bad("device absent", run("--device", "tpu"), ("tpu", "cpu")),
    Bad("electrolyte cut off", with_image(plugged(1)), ("separator",)),
    Bad("solid cut off", with_image(plugged(0)), ("collector",)),
    Bad(
        "run directory taken",
        lambda f: in_folder("run", "case.toml", "--out", "out", a_txt="x")(f),
        ("--overwrite",),
    ),
    Bad("resume nothing", run("--resume"), ("out", "no checkpoint", "--resume")),
    Bad("resume and overwrite", run("--resume", "--overwrite"), ("--resume", "--overwrite", "contradict")),
    Bad("file in the way", file_in_the_way, ("out", "a file, not a directory", "--out")),
    Bad("file above", file_above, ("results", "--out")),
    Bad("report on no run", in_folder("report", "out"), ("out", "no run here", "run.json")),
    Bad("report on a missing folder", lambda f: ("report", "nowhere"), ("nowhere", "no run here")),
    Bad(
        "report on a damaged run",
        in_folder("report", "out", run_json='{"status": "do'),
        ("run.json", "cannot be read"),
    ),
    Bad("view on no run", in_folder("view", "out", "--screenshot", "a.png"), ("out", "no run here")),
    Bad(
        "view on an empty run",
        in_folder("view", "out", "--screenshot", "a.png", run_json=EMPTY_RUN),
        ("out", "no snapshot", "first snapshot"),
    ),
    Bad(
        "view at no time",
        in_folder("view", "out", "--time", "soon"),
        ("--time", "soon", "number with a unit"),
    ),
    Bad("demo size", lambda f: ("demo", "--size", "32x24"), ("--size", "32x24", "32x24x24")),
    Bad("demo size small", lambda f: ("demo", "--size", "4x4x4"), ("--size", "4x4x4", "8 to 512")),
    Bad(
        "demo folder taken",
        in_folder("demo", "--out", "out", run="x"),
        ("out/run", "a file, not a directory"),
    ),
    Bad("command typo", lambda f: ("inspct", "a.tif"), ("inspct", "inspect")),
)
