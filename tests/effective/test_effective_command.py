"""``microcell effective`` as a user calls it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from effective_media import CUBE, grains, image

import microcell as mc
from microcell.cli import main

LABELS = grains((10, 10, 10), (0.4, 0.35, 0.25), seed=5)
READ = (
    *("--voxel-size", "400 nm", "--axes", "ZYX", "--through-axis", "Z", "--separator-side", "low"),
    *("--phases", "pore=0,active=1,cbd=2"),
)
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command in an empty folder with an image; return exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("MICROCELL_CACHE_DIR", "")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    tifffile.imwrite("cathode.tif", LABELS)

    def run(*arguments: str | os.PathLike[str]) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["effective", *map(os.fspath, arguments)])
        shown = capfd.readouterr()
        return int(end.value.code or 0), shown.out, shown.err

    return run


def test_the_table_and_json_are_those_of_python(call: Call) -> None:
    """Two conductors along z: JSON alone on the standard output, as Python returns it; the table too."""
    options = ("--phase", "pore+cbd=0.15", "--phase", "active", "--axis", "through")
    code, out, _ = call("cathode.tif", *READ, *options, "--json")
    expected = mc.effective(image(LABELS, CUBE), ["pore+cbd=0.15", "active"], "z")
    assert code == 0
    content = json.loads(out)
    assert content["transport"] == json.loads(json.dumps(expected.to_dict()["transport"]))
    assert content["voxel_size_m"] == pytest.approx(CUBE)
    code, out, err = call("cathode.tif", *READ, *options)
    assert code == 0
    assert str(expected) in out
    assert "Voxel size  400 nm" in out
    assert "Traceback" not in err


def test_a_case_file_brings_its_parameters(call: Call) -> None:
    """The conductivity of cbd that the case sets is the one that the solid has; --parameters replaces it."""
    Path("case.toml").write_text(
        '[volume]\npath = "cathode.tif"\nvoxel_size = "400 nm"\naxes = "ZYX"\nthrough_axis = "Z"\n'
        'separator_side = "low"\nphases = { pore = 0, active = 1, cbd = 2 }\n[cell]\nparameters = "nmc811"\n'
        '[cell.set]\n"CBD electronic conductivity [S.m-1]" = 3.0\n'
        '[protocol]\ninitial = "3.6 V"\nsteps = ["Rest for 1 min"]\n'
    )
    options = ("--phase", "solid", "--axis", "z", "--json")
    _, out, _ = call("case.toml", *options)
    assert "cbd 3 S/m" in json.loads(out)["conductors"]["solid"]
    _, out, _ = call("case.toml", *options, "--parameters", "nmc811")
    assert "cbd 10 S/m" in json.loads(out)["conductors"]["solid"]


def test_a_picture_beside_json(call: Call, tmp_path: Path) -> None:
    code, out, err = call(
        "cathode.tif", *READ, "--phase", "active", "--axis", "z", "--figure", "a.png", "--json"
    )
    assert code == 0
    json.loads(out)
    assert "a.png" in err
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_no_path_is_an_answer(call: Call) -> None:
    labels = np.ones((6, 5, 7), np.uint8)
    labels[2] = 0
    tifffile.imwrite("layer.tif", labels)
    code, out, _ = call("layer.tif", *READ[:-1], "pore=0,active=1", "--phase", "pore", "--axis", "z")
    assert code == 0
    assert "no path" in out
    assert "inf" in out


def test_what_did_not_converge_is_printed_and_ends_with_3(call: Call) -> None:
    hard = ("--phase", "pore+cbd=0.15", "--axis", "z", "--max-iterations", "1", "--tolerance", "1e-8")
    code, out, err = call("cathode.tif", *READ, *hard)
    assert code == 3
    assert "not converged" in out
    assert "pore+cbd=0.15 along z" in err
    assert "--max-iterations" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--phase", "por"), ["--phase", "did you mean 'pore'"]),
        (("--phase", "pore=0"), ["--phase", "greater than zero"]),
        (("--axis", "w"), ["--axis", "z (or through), y, x"]),
        (("--tolerance", "2"), ["--tolerance", "1e-10 to 0.1"]),
        (("--stoichiometry", "-1"), ["--stoichiometry", "0 to 1"]),
        (("--max-iterations", "0"), ["--max-iterations", "at least 1"]),
        (("--parameters", "nmc8111"), ["nmc811"]),
        (("--parameters", "no.toml"), ["no.toml", "cannot be read"]),
        (("--device", "abacus"), ["abacus", "not available"]),
        (("--crop", "0:4,0:4"), ["--crop"]),
    ],
)
def test_bad_options_are_named_with_their_fix(options: tuple[str, str], words: list[str], call: Call) -> None:
    code, out, err = call("cathode.tif", *READ, *options)
    assert code == 2, out + err
    assert [word for word in words if word not in err] == [], err
    assert "Traceback" not in err


def test_an_image_without_the_phase(call: Call) -> None:
    tifffile.imwrite("solid.tif", np.ones((5, 6, 7), np.uint8))
    code, _, err = call("solid.tif", *READ[:-1], "active=1", "--phase", "pore")
    assert code == 2
    assert "no voxel of pore" in err
    assert "--phase" in err


def test_the_help_names_every_option(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0
    for option in ("--phase", "--axis", "--parameters", "--tolerance", "--json", "--figure", "--device"):
        assert option in out
