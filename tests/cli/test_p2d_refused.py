"""``microcell p2d``: what it refuses of full cells, mechanisms and options, and by which key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_inputs import Outcome, write_case
from p2d_cases import NEGATIVE, SHELL, STEPS, content, full_case, model_of

import microcell as mc
from microcell.case.reduced import check_start
from microcell.errors import CaseError, MicrocellError, ParameterError

Call = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"degradation": {"shrinkin_core": {}}}, "p2d.degradation"),
        ({"degradation": {"shrinking_core": {"Shell threshhold": 0.3}}}, "p2d.degradation.shrinking_core"),
        ({"degradation": {"shrinking_core": {SHELL: 2.0}}}, f"p2d.degradation.shrinking_core.{SHELL}"),
        ({"degradation": {"shrinking_core": {"set": "zhou"}}}, "p2d.degradation.shrinking_core.set"),
        ({"negative": NEGATIVE | {"at_full": [1.2, 0.25]}}, "p2d.negative.at_full"),
        ({"negative": NEGATIVE | {"area": "2 m2"}}, "p2d.negative.area"),
        ({"negative": NEGATIVE | {"porosity": 0.9}}, "p2d.negative.active_fraction"),
        ({"negative": NEGATIVE | {"parameters": "graphit"}}, "p2d.negative.parameters"),
        ({"negative": NEGATIVE | {"set": {"Active colour": 1}}}, "p2d.negative.set.Active colour"),
    ],
)
def test_wrong_values_name_their_key(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ParameterError) as error:
        model_of(content(**changes))
    assert (error.value.key, error.value.file) == (key, Path("c.toml"))
    assert error.value.fix or error.value.allowed


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"model": "SPMM"}, "p2d.model"),
        ({"negative": {k: v for k, v in NEGATIVE.items() if k != "at_full"}}, "p2d.negative.at_full"),
        ({"negative": {k: v for k, v in NEGATIVE.items() if k != "radii"}}, "p2d.negative.radii"),
        ({"negative": NEGATIVE | {"at_full": [0.8]}}, "p2d.negative.at_full"),
        ({"negative": NEGATIVE | {"thickness": 1}}, "p2d.negative.thickness"),
        ({"film": True, "degradation": {"rocksalt": {}}}, "p2d.degradation.rocksalt"),
    ],
)
def test_wrong_sections_name_their_key(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(CaseError) as error:
        model_of(content(**changes))
    assert (error.value.key, error.value.file) == (key, Path("c.toml"))


def test_rocksalt_is_a_mechanism_where_the_film_is_off() -> None:
    _, model = model_of(content(degradation={"rocksalt": {}}))
    assert [type(own).__name__ for own in model.mechanisms] == ["RocksaltFilm"]


@pytest.mark.parametrize("initial", ["x = 0.99", "9 V", "4.9 V"])
def test_a_start_that_does_not_fit_names_its_key(initial: str) -> None:
    case, model = model_of(content() | {"protocol": {"initial": initial, "steps": STEPS}})
    with pytest.raises(MicrocellError) as error:
        check_start(case, model, case.read_protocol(model.parameters, half_cell=False))
    assert error.value.key == "protocol.initial"


def test_dots_of_units_do_not_divide_an_override() -> None:
    names = (
        "p2d.degradation.oxidation.Oxidation exchange current density [A.m-2]",
        'p2d.negative.set."Exchange current density factor [A.m2.5.mol-1.5]"',
    )
    case = mc.Case.from_dict(content()).with_overrides([f"{name}=1e-9" for name in names])
    section = case.content.p2d
    assert section.degradation["oxidation"] == {"Oxidation exchange current density [A.m-2]": 1e-9}
    assert section.negative is not None
    assert section.negative.overrides["Exchange current density factor [A.m2.5.mol-1.5]"] == 1e-9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cycles", "0"), "--cycles"),
        (("--cycles", "5", "--until", "1.5"), "--until"),
        (("--cycles", "5", "--tolerance", "0"), "--tolerance"),
        (("--until", "0.8"), "add --cycles"),
        (("--bpx", "none.json"), "described twice"),
        (("--bpx", "none.json", "--from-volume"), "contradict"),
        (("--cycles", "5", "--compare", "case-run"), "leave --cycles out"),
        (("--compare", "case-run"), "half cell with the rocksalt film"),
    ],
)
def test_options_that_cannot_be_name_themselves(
    options: tuple[str, ...], words: str, tmp_path: Path, call: Call
) -> None:
    shown = call("p2d", full_case(tmp_path), *options)
    assert (shown.code, words in shown.err) == (2, True), shown.err
    assert not Path("case-p2d").exists()


def test_a_missing_bpx_file_is_named(tmp_path: Path, call: Call) -> None:
    case = write_case(tmp_path, volume=None, cell=None)
    shown = call("p2d", case, "--bpx", "none.json")
    assert shown.code == 2
    assert "none.json" in shown.err
