"""Case files: what is read is what is used, overrides go where they are meant to, mistakes name their key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import microcell as mc
from microcell.case.overrides import parse_override
from microcell.case.problems import dotted
from microcell.errors import CaseError, MicrocellError, ParameterError, VolumeError
from microcell.image import generate_cathode

MINIMAL = {"volume": {"path": "a.tif"}, "protocol": {"initial": "3.6 V", "steps": ["Rest for 1 minute"]}}

TEXT = """
[volume]
path = "images/a.tif"
voxel_size = ["400 nm", "300 nm", 2e-7]
axes = "ZYX"
through_axis = "Z"
separator_side = "high"
phases = { pore = [0, 3], active = 1, cbd = 2 }
crop = [[2, 12], "all", [0, 6]]

[segmentation]
min_voxels = 5

[cell]
separator_thickness = "15 um"
area_model = "faces"
[cell.set]
"Temperature [K]" = 308.15

[protocol]
initial = "x = 0.88"
steps = ["Charge at 1C until 4.3 V", "Rest for 10 minutes"]
repeat = 2
"""


@pytest.fixture
def case(tmp_path: Path) -> mc.Case:
    (tmp_path / "images").mkdir()
    labels = np.array(generate_cathode((14, 8, 8), diameter_mean=2e-6, seed=1).volume.labels)
    labels[0, 0, 0] = 3
    tifffile.imwrite(tmp_path / "images/a.tif", labels)
    (tmp_path / "case.toml").write_text(TEXT)
    return mc.Case.read(tmp_path / "case.toml")


def test_the_image_is_read_as_the_file_says(case: mc.Case) -> None:
    volume = case.with_overrides(["volume.crop=[[0, 10], 'all', [0, 6]]"]).read_volume()
    stored = tifffile.imread(case.folder / "images/a.tif")[0:10, :, 0:6][::-1]
    np.testing.assert_array_equal(volume.labels, np.where(stored == 3, 0, stored))
    assert volume.voxel_size == pytest.approx((4e-7, 3e-7, 2e-7), rel=1e-12)


def test_parameters_carry_the_changes_and_the_separator(case: mc.Case) -> None:
    parameters = case.read_parameters()
    assert parameters["Temperature [K]"] == 308.15
    assert parameters["Separator thickness [m]"] == pytest.approx(15e-6, rel=1e-12)
    assert parameters.changed_names() == ["Temperature [K]", "Separator thickness [m]"]


def test_the_protocol_is_repeated(case: mc.Case) -> None:
    protocol = case.read_protocol(case.read_parameters())
    assert (len(protocol.steps), protocol.repeat) == (4, 2)
    assert (protocol.initial.kind, protocol.initial.value) == ("stoichiometry", 0.88)


def test_build_uses_every_section(tmp_path: Path, case: mc.Case) -> None:
    volume, particles, cell, protocol = case.with_overrides(
        ["volume.phases.pore=[0]", "volume.crop=[[2, 12], 'all', 'all']"]
    ).build()
    assert particles.options["min_voxels"] == 5
    assert cell.volume is volume
    assert cell.particles is particles
    assert cell.parameters["Separator thickness [m]"] == pytest.approx(15e-6, rel=1e-12)
    # Counted faces weigh 1: every face area is the area of a voxel side.
    sides = [3e-7 * 2e-7, 4e-7 * 2e-7, 4e-7 * 3e-7]
    areas = np.unique(np.asarray(cell.geometry.faces.area))
    np.testing.assert_allclose(
        [min(sides, key=lambda side: abs(side - area)) for area in areas], areas, rtol=1e-6
    )
    assert len(protocol.steps) == 4


def test_what_is_written_comes_back(case: mc.Case) -> None:
    again = mc.Case.from_dict(case.to_dict(), file=case.file)
    assert again.content == case.content
    assert case.to_dict()["cell"]["set"] == {"Temperature [K]": 308.15}
    assert case.to_dict()["volume"]["crop"] == [[2, 12], None, [0, 6]]


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("cell.separator_thickness=20 um", ("cell", "separator_thickness"), "20 um"),
        ("protocol.repeat = 3", ("protocol", "repeat"), 3),
        ("volume.crop=[[0, 4], [0, 4], 'all']", ("volume", "crop"), [[0, 4], [0, 4], "all"]),
        ("Temperature [K]=308.15", ("cell", "set", "Temperature [K]"), 308.15),
        (
            "Rocksalt initial thickness [m]=0.3 nm",
            ("cell", "set", "Rocksalt initial thickness [m]"),
            "0.3 nm",
        ),
        ('cell.set."Temperature [K]"=300', ("cell", "set", "Temperature [K]"), 300),
        ("Electrolyte=nyman2008", ("cell", "set", "Electrolyte"), "nyman2008"),
        ("protocol.initial=x = 0.9", ("protocol", "initial"), "x = 0.9"),
    ],
)
def test_overrides_are_read(text: str, path: tuple[str, ...], value: object) -> None:
    assert parse_override(text) == (path, value)


def test_an_override_leaves_the_case_as_it_was(case: mc.Case) -> None:
    changed = case.with_overrides(["Temperature [K]=310", "cell.area_model=normals", "segmentation.h=0.2"])
    assert changed.read_parameters()["Temperature [K]"] == 310.0
    assert (changed.content.cell.area_model, changed.content.segmentation.h) == ("normals", 0.2)
    assert case.read_parameters()["Temperature [K]"] == 308.15
    assert (case.content.cell.area_model, case.content.segmentation.h) == ("faces", 0.1)


def test_a_wrong_override_is_called_one(case: mc.Case) -> None:
    with pytest.raises(ParameterError) as error:
        case.with_overrides(["Temperature [K]=1000"]).read_parameters()
    assert error.value.key == "Temperature [K] (an override)"
    assert error.value.file is None
    with pytest.raises(ParameterError) as error:
        mc.Case.from_dict(
            {**MINIMAL, "cell": {"set": {"Temperature [K]": 1000}}}, Path("c.toml")
        ).read_parameters()
    assert (error.value.key, error.value.file) == ("cell.set.Temperature [K]", Path("c.toml"))


def test_an_error_names_image_and_case(case: mc.Case) -> None:
    content = case.to_dict()
    content["volume"]["phases"] = {"pore": 0, "active": 1}
    with pytest.raises(VolumeError) as error:
        mc.Case.from_dict(content, case.file).read_volume()
    assert error.value.key == "volume.phases of case.toml"
    assert str(error.value.file).endswith("a.tif")


def test_a_misspelt_key_is_told_before_the_one_it_makes_missing() -> None:
    content = {**MINIMAL, "protocol": {"initals": "3.6 V", "steps": []}}
    with pytest.raises(CaseError) as error:
        mc.Case.from_dict(content)
    assert error.value.key == "protocol.initals"
    assert "'initial'" in (error.value.fix or "")
    assert "1 more: protocol.initial" in error.value.problem


def test_defaults_are_those_of_the_functions() -> None:
    from inspect import signature

    from microcell.cell.halfcell import HalfCell

    case = mc.Case.from_dict(MINIMAL)
    for section, function in ((case.content.segmentation, mc.segment), (case.content.cell, HalfCell)):
        defaults = {name: item.default for name, item in signature(function).parameters.items()}
        for name in type(section).model_fields.keys() & defaults.keys() - {"parameters"}:
            assert getattr(section, name) == defaults[name], name


def test_every_option_of_reading_is_a_key() -> None:
    from inspect import signature

    from microcell.case.sections import SegmentationSection, VolumeSection

    assert set(VolumeSection.model_fields) == set(signature(mc.Volume.read).parameters)
    assert set(SegmentationSection.model_fields) == set(signature(mc.segment).parameters) - {
        "volume",
        "progress",
    }


def test_places_are_written_as_users_write_them() -> None:
    assert dotted(("volume", "crop", 1, 0)) == "volume.crop[1][0]"
    assert dotted(("volume", "voxel_size", "float")) == "volume.voxel_size"
    assert dotted(("cell", "set", "Temperature [K]")) == "cell.set"


def test_every_error_of_a_case_is_ours(tmp_path: Path) -> None:
    for content in (
        "",
        "a",
        "volume = 3",
        "[volume]\npath = 1",
        '[[volume]]\npath = "a"',
        "[volume]\n[volume]",
    ):
        (tmp_path / "case.toml").write_text(content)
        with pytest.raises(MicrocellError):
            mc.Case.read(tmp_path / "case.toml")
