"""What the command line tests share: calling it, a small image, and a case that would run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tifffile
from cli_inputs import IMAGE, Outcome, write_case

from microcell.cli import main


@pytest.fixture(autouse=True, scope="session")
def compile_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the processes that the tests start share what they compile, apart from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROCELL_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
        yield


@pytest.fixture(autouse=True)
def quiet_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with output that is not wrapped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line in this process and return how it ended."""

    def run(*arguments: str | os.PathLike[str]) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main([os.fspath(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(int(end.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A label image of 12 x 10 x 8 voxels that can be simulated."""
    path = tmp_path / "cathode.tif"
    tifffile.imwrite(path, IMAGE)
    return path


@pytest.fixture
def case_file(image: Path) -> Path:
    """A case file beside the image that would run."""
    return write_case(image.parent)
