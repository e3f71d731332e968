"""What a user may ask of effective transport, what comes back, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effective_media import CUBE, grains, image

import microcell as mc
from microcell.errors import GeometryError, MicrocellError, ParameterError, ResultsError
from microcell.homogenization.conductors import read_conductor
from microcell.homogenization.result import Code
from microcell.image.phases import Phase

LABELS = grains((10, 10, 10), (0.4, 0.35, 0.25), seed=5)
NMC = mc.ParameterSet.builtin("nmc811")


def columns() -> mc.Volume:
    """Pore columns along z in active material: a path along z only."""
    labels = np.ones((6, 5, 4), np.uint8)
    labels[:, 1:3, 1] = 0
    return image(labels)


def test_a_phase_without_a_path_says_so() -> None:
    """Columns along z: there eps/tau is their share; along y and x nothing passes, and nothing fails."""
    result = mc.effective(columns(), "pore")
    along = result["pore", "z"]
    assert along.relative == pytest.approx(0.1, rel=1e-12)
    assert along.tortuosity_factor == pytest.approx(1.0, rel=1e-12)
    for axis in "yx":
        row = result["pore", axis]
        assert (row.conductivity, row.tortuosity_factor, row.macmullin_number) == (0.0, math.inf, math.inf)
        assert (row.code, row.spanning_fraction, row.converged) == (Code.NO_PATH, 0.0, True)
    assert str(result).count("no path") == 2
    first, *others = json.loads(json.dumps(result.to_dict(), allow_nan=False))["transport"]
    assert first["code"] == "converged"
    assert [row["tortuosity_factor"] for row in others] == [None, None]


def test_an_unconverged_solve_is_no_number() -> None:
    """One iteration is not enough: NaN in the row, a dash in the table, None in JSON."""
    volume = image(LABELS, CUBE)
    result = mc.effective(volume, "pore+cbd=0.15", "z", max_iterations=1, tolerance=1e-8)
    (row,) = result
    assert row.code is Code.MAX_ITERATIONS
    assert not result.converged
    assert math.isnan(row.conductivity)
    assert math.isnan(row.tortuosity_factor)
    assert row.flux_mismatch > 1e-8
    assert row.to_dict()["effective_conductivity"] is row.to_dict()["tortuosity_factor"] is None
    assert "not converged" in str(result)


def test_by_default_networks_and_phases_along_all_axes() -> None:
    """Five conductors and three axes in order; progress counts to the end; names find rows; pandas too."""
    seen: list[tuple[int, int]] = []
    result = mc.effective(
        image(columns().labels, CUBE), progress=lambda done, total, text: seen.append((done, total))
    )
    assert [(row.conductor, row.axis) for row in result] == [
        (c, a) for c in ("pore", "active") for a in "zyx"
    ]
    assert seen[-1] == (6, 6)
    assert seen == sorted(seen)
    assert result.to_frame()["conductor"].tolist() == ["pore"] * 3 + ["active"] * 3
    with_cbd = np.array(columns().labels)
    with_cbd[:, 4] = 2
    names = [conductor.name for conductor in mc.effective(image(with_cbd), axes="x").conductors]
    assert names == ["electrolyte", "solid", "pore", "active", "cbd"]
    with pytest.raises(ParameterError, match="no such row"):
        result["pore", "w"]


def test_the_electrolyte_counts_the_inside_of_cbd() -> None:
    """Pore and cbd (porosity 0.4, tortuosity factor 2) in parallel along z: eps and D_eff are their means,
    tau lies between 1 and 2."""
    labels = np.zeros((6, 4, 4), np.uint8)
    labels[:, 2:] = 2
    parameters = NMC.with_values({"CBD porosity": 0.4, "CBD tortuosity factor": 2.0})
    (row,) = mc.effective(image(labels), "electrolyte", "through", parameters=parameters)
    assert row.volume_fraction == pytest.approx(0.5 + 0.5 * 0.4)
    assert row.relative == pytest.approx(0.5 + 0.5 * 0.2, rel=1e-12)
    assert row.tortuosity_factor == pytest.approx(0.7 / 0.6, rel=1e-12)
    assert row.macmullin_number == pytest.approx(1 / 0.6, rel=1e-12)


def test_the_solid_conducts_as_the_parameters_say() -> None:
    """Active and cbd in parallel along z: the mean of both conductivities, in S/m; the active one at the
    lithium content asked for."""
    labels = np.ones((6, 4, 4), np.uint8)
    labels[:, 2:] = 2
    law = NMC.law("Active electronic conductivity [S.m-1]")
    for x in (0.3, 0.9):
        (row,) = mc.effective(image(labels), "solid", "z", stoichiometry=x)
        active = float(law(x, NMC.number("Temperature [K]")))
        assert row.conductivity == pytest.approx(0.5 * (active + 10.0), rel=1e-12)
        assert (row.unit, row.relative, row.macmullin_number) == ("S.m-1", None, None)
        assert row.to_dict()["unit"] == "S/m"


def test_units_scale_the_answer() -> None:
    """pore at 1.2 S/m is 1.2 times pore, with the same tau; mS/cm and m2/s are understood."""
    one, sigma, other, d = (
        mc.effective(columns(), spec, "z").rows[0]
        for spec in ("pore", "pore=1.2 S/m", {"pore": "12 mS/cm"}, "pore = 3e-10 m2/s")
    )
    assert sigma.conductivity == pytest.approx(1.2 * one.conductivity)
    assert sigma.conductivity == pytest.approx(other.conductivity)
    assert sigma.macmullin_number == pytest.approx(one.macmullin_number)
    assert (d.conductivity, d.unit) == (pytest.approx(3e-10 * one.conductivity), "m2.s-1")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("Pore + CBD", {Phase.PORE: 1.0, Phase.CBD: 1.0}),
        ("active=1e+3+cbd=2", {Phase.ACTIVE: 1000.0, Phase.CBD: 2.0}),
        ({"cbd": 0.15, "pore": "2"}, {Phase.CBD: 0.15, Phase.PORE: 2.0}),
    ],
)
def test_specifications(spec: Any, expected: dict[Phase, float]) -> None:
    conductor = read_conductor(spec, NMC, 0.5)
    assert {phase: filling.conductivity for phase, filling in conductor.fillings.items()} == expected


def test_the_flux_map_and_potential_of_a_straight_channel() -> None:
    """Columns that fill a tenth of the section: ten times the mean flux density inside, nothing outside, the
    potential a straight line."""
    (row,) = mc.effective(columns(), "pore", "z", potential=True)
    assert row.flux_map is not None
    assert row.potential is not None
    inside = columns().labels[:, 2, :] == 0
    np.testing.assert_allclose(row.flux_map[inside], 10.0, rtol=1e-6)
    assert np.all(np.isnan(row.flux_map[~inside]))
    np.testing.assert_allclose(row.potential[:, 1, 1], 1 - (np.arange(6) + 0.5) / 6, rtol=1e-6)


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_a_figure_is_written(name: str, tmp_path: Path) -> None:
    result = mc.effective(columns(), ["pore", "active"])
    path = result.figure(tmp_path / name)
    assert path.stat().st_size > 5000


def test_a_figure_without_any_path_and_one_in_no_format(tmp_path: Path) -> None:
    blocked = mc.effective(columns(), "pore", "y")
    assert blocked.figure(tmp_path / "b.png").exists()
    with pytest.raises(ResultsError, match="no format"):
        blocked.figure(tmp_path / "b.docx")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"phases": "por"}, ParameterError, ["'por'", "did you mean 'pore'", "pore, active, cbd"]),
        ({"phases": "pore+electrolyte"}, ParameterError, ["cannot be combined"]),
        ({"phases": "pore+pore"}, ParameterError, ["named twice"]),
        ({"phases": "pore="}, ParameterError, ["missing after '='"]),
        ({"phases": "pore=0"}, ParameterError, ["does not conduct", "greater than zero"]),
        ({"phases": "pore=-1"}, ParameterError, ["does not conduct"]),
        ({"phases": "pore=nan"}, ParameterError, ["not finite"]),
        ({"phases": "pore=3 m"}, ParameterError, ["no conductivity", "S/m or m2/s"]),
        ({"phases": "pore=1 S/m+cbd=0.1"}, ParameterError, ["mixed"]),
        ({"phases": ""}, ParameterError, ["names phases"]),
        ({"phases": [3]}, ParameterError, ["names phases"]),
        ({"phases": {"pore": None}}, ParameterError, ["A number is needed"]),
        ({"phases": []}, ParameterError, ["nothing"]),
        ({"phases": "cbd"}, GeometryError, ["no voxel of cbd", "pore, active"]),
        ({"axes": "w"}, ParameterError, ["no such axis", "z (or through), y, x"]),
        ({"axes": []}, ParameterError, ["no such axis"]),
        ({"axes": [0]}, ParameterError, ["no such axis"]),
        ({"tolerance": 0.0}, ParameterError, ["tolerance", "1e-10 to 0.1"]),
        ({"tolerance": math.nan}, ParameterError, ["tolerance"]),
        ({"stoichiometry": 1.5}, ParameterError, ["stoichiometry", "0 to 1"]),
        ({"max_iterations": 0}, ParameterError, ["max_iterations", "at least 1"]),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(
    options: dict[str, Any], error: type[MicrocellError], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        mc.effective(columns(), **options)
    assert [word for word in words if word not in str(caught.value)] == [], caught.value
    assert caught.value.exit_code == 2
