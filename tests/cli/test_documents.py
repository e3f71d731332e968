"""The documentation keeps up with the program."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer.main

import microcell as mc
from microcell.case.problems import section_model
from microcell.case.sections import CaseContent, SegmentationSection
from microcell.cli.app import COMMANDS, build_app
from microcell.cli.atomistic import COMMANDS as ATOMISTIC
from microcell.cli.atomistic import atomistic_app, command_name
from microcell.cli.demo import CASE

ROOT = Path(__file__).resolve().parents[2]


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize(
    "text", [*blocks("README.md", "toml"), *blocks("docs/case-file.md", "toml"), CASE.format(case="c")]
)
def test_documented_cases_are_valid(text: str) -> None:
    case = mc.Case.from_dict(tomllib.loads(text))
    assert case.read_protocol(case.read_parameters()).steps


def test_every_key_of_a_case_is_documented() -> None:
    page = (ROOT / "docs/case-file.md").read_text(encoding="utf-8")
    sections = {name: section_model(field.annotation) for name, field in CaseContent.model_fields.items()}
    names = [
        field.alias or name for section in sections.values() for name, field in section.model_fields.items()
    ]
    assert [name for name in names if f"`{name}`" not in page and f"[cell.{name}]" not in page] == []
    assert [name for name in sections if f"## [{name}]" not in page] == []


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    group = typer.main.get_command(build_app(debug=False))
    assert {command.__name__ for command in COMMANDS} | {"atomistic"} == set(group.commands)
    rules = {f"--{name.replace('_', '-')}" for name in SegmentationSection.model_fields}
    for name, command in group.commands.items():
        if name == "atomistic":  # its commands are documented on a page of their own
            continue
        options = [
            option for parameter in command.params for option in parameter.opts if option.startswith("--")
        ]
        assert f"microcell {name}" in page
        assert [option for option in options if option not in page and option not in rules] == []


def test_every_atomistic_command_and_option_is_documented() -> None:
    page = (ROOT / "docs/atomistic.md").read_text(encoding="utf-8")
    group = typer.main.get_command(atomistic_app(debug=False))
    assert {command_name(command) for command in ATOMISTIC} == set(group.commands)
    for name, command in group.commands.items():
        assert f"microcell atomistic {name}" in page
        options = [option for parameter in command.params for option in parameter.opts]
        assert [o for o in options if o.startswith("--") and f"`{o}`" not in page] == []


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
