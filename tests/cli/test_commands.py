"""What the commands print, write and return when all is well, and how any error is shown."""

from __future__ import annotations

import errno
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import typer
from cli_inputs import IMAGE, READ, SIZE, Outcome, write_case

import microcell
from microcell.cli import main
from microcell.cli.demo import parse_size
from microcell.cli.doctor import find_troubles
from microcell.cli.guard import guarded
from microcell.errors import InterruptedRunError, SolverError, VolumeError
from microcell.image import generate_cathode

Call = Callable[..., Outcome]


def test_inspect_returns_what_the_doctor_says(tmp_path: Path, call: Call) -> None:
    generated = generate_cathode((40, 20, 20), diameter_mean=5e-6, voxel_size=400e-9, seed=2)
    tifffile.imwrite(tmp_path / "good.tif", generated.volume.labels)
    shown = call("inspect", "good.tif", *READ)
    expected = microcell.inspect(generated.volume)
    assert shown.code == expected.exit_code
    assert "Voxel size  400 nm x 400 nm x 400 nm (z, y, x)" in shown.out
    assert str(expected).splitlines()[-1] in shown.out


def test_inspect_json_is_json_alone(image: Path, call: Call) -> None:
    shown = call("inspect", image, *READ, "--json")
    content = json.loads(shown.out)
    assert content["exit_code"] == shown.code == 1
    assert content["facts"]["fractions"]["active"] == float(np.mean(IMAGE == 1))


def test_inspect_reads_the_image_of_a_case(case_file: Path, call: Call) -> None:
    direct, by_case = call("inspect", "cathode.tif", *READ, "--json"), call("inspect", case_file, "--json")
    one, two = json.loads(direct.out), json.loads(by_case.out)
    assert one["facts"]["networks"] == two["facts"]["networks"]


def test_options_reach_the_reader(tmp_path: Path, call: Call) -> None:
    np.moveaxis(IMAGE, 0, 2).astype(">u2").tofile(tmp_path / "scan.raw")
    shown = call(
        "inspect", "scan.raw", "--shape", "10,8,12", "--dtype", ">u2",
        "--voxel-size", "400 nm, 300 nm, 200 nm", "--axes", "YXZ",
        "--through-axis", "Z", "--separator-side", "high", "--flip", "Y",
        "--phases", "pore=0,active=1,cbd=2", "--crop", ":,:,2:12", "--json",
    )  # fmt: skip
    facts = json.loads(shown.out)["facts"]
    part = IMAGE[2:12][::-1, ::-1]
    assert facts["volume"]["shape"] == [10, 10, 8]
    assert facts["volume"]["voxel_size_m"] == pytest.approx([200e-9, 400e-9, 300e-9], rel=1e-12)
    np.testing.assert_allclose(facts["profile"]["active"], np.mean(part == 1, axis=(1, 2)))


def test_a_phase_named_twice_has_two_labels(tmp_path: Path, call: Call) -> None:
    labels = IMAGE.copy()
    labels[labels == 2] = 7
    tifffile.imwrite(tmp_path / "more.tif", labels)
    shown = call("inspect", "more.tif", *READ[:-1], "pore=0,pore=7,active=1", "--json")
    assert json.loads(shown.out)["facts"]["fractions"]["pore"] == float(np.mean(IMAGE != 1))


def test_segment_writes_labels_and_table(tmp_path: Path, image: Path, call: Call) -> None:
    shown = call("segment", image, *READ, "-o", "parts.tif", "--table", "parts.csv", "--min-voxels", "20")
    assert shown.code == 0
    labels, table = tifffile.imread(tmp_path / "parts.tif"), pd.read_csv(tmp_path / "parts.csv")
    np.testing.assert_array_equal(labels > 0, IMAGE == 1)
    assert table["Voxels"].tolist() == np.bincount(labels.ravel())[1:].tolist()
    assert f"Particles   {len(table)}" in shown.out


def test_segment_takes_its_rules_from_a_case_and_options_first(
    tmp_path: Path, case_file: Path, call: Call
) -> None:
    def count(*options: str, **changes: Any) -> int:
        call("segment", write_case(tmp_path, **changes), "--table", "parts.csv", *options)
        return len(pd.read_csv(tmp_path / "parts.csv"))

    plain = count()
    joined = count(segmentation__min_voxels=10**6)
    assert joined < plain
    assert count("--min-voxels", "1", segmentation__min_voxels=10**6) == plain


def test_doctor_tells_versions_devices_and_cache(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROCELL_CACHE_DIR", "kept")
    shown = call("doctor", "--json")
    content = json.loads(shown.out)
    assert shown.code == 0
    assert content["dtype"] == "float64"
    assert content["devices"][0]["platform"] in ("cpu", "gpu")
    assert content["compile_cache"]["folder"] == "kept"
    assert content["versions"]["jax"]
    assert "A run can start." in call("doctor").out


def test_doctor_names_what_is_missing() -> None:
    machine = {"versions": {"jax": "1", "h5py": None}, "dtype": "float32"}
    first, second = find_troubles(machine)
    assert "pip install h5py" in first
    assert "--device cpu" in second


def test_version(call: Call) -> None:
    assert call("--version").out.strip() == f"microcell {microcell.__version__}"


def test_no_command_shows_the_help(call: Call) -> None:
    shown = call()
    assert all(
        name in shown.out + shown.err
        for name in ("demo", "inspect", "segment", "effective", "run", "report", "view", "doctor")
    )


@pytest.mark.parametrize(
    "command", ["demo", "inspect", "segment", "effective", "run", "report", "view", "doctor"]
)
def test_help_of_every_command_states_its_options(command: str, call: Call) -> None:
    shown = call(command, "--help")
    assert shown.code == 0
    assert f"microcell {command}" in shown.out


def test_sizes_of_the_demo() -> None:
    assert parse_size("32x24X16") == (32, 24, 16)
    for text in ("32", "32x24x", "32x24x2.5", "1024x8x8"):
        with pytest.raises(VolumeError, match="--size"):
            parse_size(text)


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (
            VolumeError("bad", key="axes", fix="do this"),
            2,
            ["Error: bad", "key:     axes", "fix:     do this"],
        ),
        (SolverError("gave up", fix="a finer mesh"), 3, ["Error: gave up", "a finer mesh"]),
        (InterruptedRunError("stopped at 3 s"), 4, ["Interrupted: stopped at 3 s"]),
        (KeyboardInterrupt(), 4, ["Interrupted: stopped by the user"]),
        (
            OSError(errno.ENOSPC, "No space left on device", "run/a.csv"),
            2,
            ["disk is full", "run/a.csv", "free space"],
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "a.tif"),
            2,
            ["Permission denied", "a.tif", "permissions"],
        ),
        (MemoryError(), 2, ["not enough memory", "crop the volume"]),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 byte"), 2, ["not enough memory"]),
        (
            ValueError("[bold]odd"),
            1,
            ["Unexpected error: ValueError: [bold]odd", "--debug", "microcell doctor"],
        ),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_every_error_ends_in_a_message_and_a_code(
    raised: BaseException, code: int, words: list[str], debug: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise raised

    with pytest.raises(typer.Exit) as end:
        guarded(command, debug)()
    shown = capsys.readouterr().err
    assert end.value.exit_code == code
    assert [word for word in words if word not in shown] == []
    assert ("Traceback" in shown) == debug


def test_debug_may_stand_anywhere(call: Call) -> None:
    for arguments in (("--debug", "inspect", "no.tif"), ("inspect", "no.tif", "--debug")):
        shown = call(*arguments)
        assert shown.code == 2
        assert "Traceback" in shown.err
        assert "does not exist" in shown.err


def test_a_full_disk_is_called_one(image: Path, call: Call) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    shown = call("segment", image, *READ, "--table", "/dev/full")
    assert shown.code == 2
    assert "disk is full" in shown.err
    assert "Traceback" not in shown.err


def test_a_view_without_a_display_offers_a_picture(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    shown = call("view", "anywhere")
    assert shown.code == 2
    assert "--screenshot film.png" in shown.err


def test_usage_errors_are_shown_without_traceback(call: Call) -> None:
    shown = call("inspect", *SIZE)
    assert shown.code == 2
    assert "VOLUME" in shown.err
    assert "Traceback" not in shown.err


def test_the_end_of_a_batch_job_is_an_interrupt() -> None:
    from microcell.cli.run import _interrupt

    with pytest.raises(KeyboardInterrupt):
        _interrupt(signal.SIGTERM, None)


def test_main_without_arguments_reads_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["microcell", "--version"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
