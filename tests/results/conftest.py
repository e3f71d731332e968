"""Fixtures of the results tests: a grid, and one finished run on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_run import CASE, INFO, STATISTICS, make_grid, write_run

from microcell.cell.snapshot import RunGrid
from microcell.results import RunWriter


@pytest.fixture(scope="session")
def grid() -> RunGrid:
    return make_grid()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, grid: RunGrid) -> Path:
    """A finished run, not to be changed."""
    out = tmp_path_factory.mktemp("results") / "run"
    writer = RunWriter.create(out, case=CASE, grid=grid, info=INFO)
    write_run(writer, grid)
    writer.close("done", STATISTICS)
    return out
