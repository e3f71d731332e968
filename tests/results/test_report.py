"""Figures and report: everything a whole run gives, and a clear note for what a poor one cannot."""

from __future__ import annotations

import builtins
import html.parser
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_run import CASE, INFO, STATISTICS, make_grid, make_row, make_snapshot, write_run

from microcell.cell.snapshot import RunGrid
from microcell.errors import ResultsError
from microcell.results import RunWriter, Solution, render, view, write_figures, write_report
from microcell.results.figures import KINDS, draw, draw_all
from microcell.results.figures_space import chosen_times
from microcell.results.quantities import show, show_duration, split_name
from microcell.results.report import render_report
from microcell.results.summary import balances, headlines

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, grid: RunGrid) -> Path:
    """A run of its own with report, drawn by matplotlib alone to be quick."""
    out = tmp_path_factory.mktemp("report") / "run"
    case = CASE | {
        "parameters": [
            {
                "name": "Rocksalt conductivity [S.m-1]",
                "value": 1e-7,
                "standing": "calibrated",
                "source": "A & B <2026>",
            }
        ]
    }
    writer = RunWriter.create(out, case=case, grid=grid, info=INFO | {"inspect": {"Pore fraction": "0.41"}})
    write_run(writer, grid)
    writer.close("done", STATISTICS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "_in_own_process", lambda *mesh: None)
        write_report(out)
    return out


class _Page(html.parser.HTMLParser):
    """Collects what a page refers to and shows, and checks that tags close in order."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += f" {data}"


def test_every_figure_of_a_whole_run_is_drawn(drawn: Path) -> None:
    pictures = sorted((drawn / "figures").iterdir())
    assert [path.stem for path in pictures] == sorted(kind.name for kind in KINDS)
    for path in pictures:
        content = path.read_bytes()
        assert content.startswith(PNG)
        assert len(content) > 10_000


def test_the_report_stands_alone_and_is_well_formed(drawn: Path) -> None:
    page = _Page((drawn / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert sum(reference.startswith("data:image/png;base64,") for reference in page.references) == len(KINDS)
    assert all(reference.startswith(("data:", "#")) for reference in page.references)


def test_the_report_says_what_matters(drawn: Path) -> None:
    text = re.sub(r"\s+", " ", _Page((drawn / "report.html").read_text(encoding="utf-8")).text)
    for words in (
        "0.380 nm 0.200 nm at the start",
        "24 × 16 × 16 voxels",
        "400",
        "voltage reached 4.3 V",
        "current fell to C/20",
        "3.0 × 10⁻¹² 1 × 10⁻⁸ within the limit",
        "2.0 × 10⁻¹¹ 1 × 10⁻⁸ within the limit",
        "Pore fraction 0.41",
        "Rocksalt conductivity 1e-07 S m⁻¹ calibrated A & B <2026>",
        "All 3 particles",
        "Heat: the temperature is constant",
    ):
        assert words in text, words
    assert "Not drawn" not in text


def test_balances_outside_the_limit_are_called_so(tmp_path: Path, grid: RunGrid) -> None:
    writer = RunWriter.create(tmp_path / "run", case={}, grid=grid, info={})
    writer.record(make_row(0.0) | {"Lithium drift": -2e-7, "Charge balance error": np.nan})
    writer.record(make_row(1.0))
    writer.close("done")
    solution = Solution.load(tmp_path / "run")
    lithium, charge = balances(solution)
    assert (lithium.error, lithium.kept, lithium.verdict) == (2e-7, False, "OUTSIDE the limit")
    assert not charge.kept
    assert "OUTSIDE" in render_report(solution, [])


def test_charge_is_split_by_the_sign_of_the_current(run: Path) -> None:
    cards = {item.name: item.value for item in headlines(Solution.load(run))}
    # Area 40.96 um2, 1C = 1.2 nA. Discharge: 30 steps of 100 s at 1C.
    expected = 1.2e-9 * 3000.0 / 3600.0 / 40.96e-12 * 0.1
    assert cards["Discharged"] == f"{expected:.3f} mA h cm⁻²"
    assert cards["Voltage"] == "3.000 – 4.300 V"


@pytest.mark.parametrize(
    "kind", ["empty", "one row", "one snapshot", "no particles", "no fields", "no labels in info"]
)
def test_poor_runs_get_notes_instead_of_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(render, "_in_own_process", lambda *mesh: None)
    grid = make_grid(particles=kind != "no particles")
    info = {} if kind == "no labels in info" else INFO
    writer = RunWriter.create(tmp_path / "run", case={}, grid=grid, info=info)
    if kind == "one row":
        writer.record({"Time [s]": 0.0})
    if kind == "one snapshot":
        writer.snapshot(make_snapshot(grid, 0.0))
    if kind in ("no particles", "no labels in info"):
        write_run(writer, grid)
    if kind == "no fields":
        for time in (0.0, 100.0):
            snapshot = make_snapshot(grid, time)
            snapshot.fields.clear()
            writer.record(make_row(time))
            writer.snapshot(snapshot)
    report = write_report(tmp_path / "run").read_text(encoding="utf-8")
    page = _Page(report)
    shown = len(list((tmp_path / "run/figures").iterdir()))
    assert report.count("Not drawn: ") + shown == len(KINDS)
    notes = {
        "empty": "no snapshot was stored",
        "one row": "fewer than two rows",
        "one snapshot": "one snapshot only",
        "no particles": "no particle labels",
        "no fields": "these fields were not stored",
        "no labels in info": "",
    }
    assert notes[kind] in page.text
    assert "has not finished (running)" in re.sub(r"\s+", " ", page.text)


def test_write_figures_names_what_it_wrote(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_in_own_process", lambda *mesh: None)
    paths = write_figures(Solution.load(run), tmp_path / "pictures")
    assert [path.name for path in paths] == [f"{kind.name}.png" for kind in KINDS]
    assert all(path.exists() for path in paths)
    assert not (run / "figures").exists()


def test_figures_leave_matplotlib_as_it_was(run: Path) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figure = Solution.load(run).plot()
    assert len(figure.axes) >= 3
    assert [panel.get_ylabel() for panel in figure.axes[:3]] == [
        "Voltage [V]",
        "Current density\n[A m$^{-2}$]",
        "Rocksalt film [nm]",
    ]
    assert dict(mpl.rcParams) == before


def test_curves_are_taken_at_step_ends_and_where_the_film_grows(tmp_path: Path, grid: RunGrid) -> None:
    writer = RunWriter.create(tmp_path / "run", case={}, grid=grid, info=INFO)
    for time in range(0, 8200, 200):
        writer.record(make_row(float(time)))
        writer.snapshot(make_snapshot(grid, float(time)))
    for time in (2400.0, 5000.0):
        writer.step_end({"time_s": time, "description": "", "reason": ""})
    times = chosen_times(Solution.load(tmp_path / "run"))
    assert len(times) == 8
    assert {0.0, 2400.0, 5000.0, 8000.0} <= set(times)
    assert sum(2000.0 <= time <= 5000.0 for time in times) >= 5  # the film grows from 2000 s to 5000 s


def test_unknown_figures_and_impossible_ones_are_errors(run: Path, tmp_path: Path, grid: RunGrid) -> None:
    with pytest.raises(ResultsError, match="did you mean 'overview'"):
        draw("overveiw", Solution.load(run))
    RunWriter.create(tmp_path / "run", case={}, grid=grid, info={})
    with pytest.raises(ResultsError, match="cannot be drawn"):
        Solution.load(tmp_path / "run").plot()


def test_a_folder_that_cannot_be_made_is_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot write"):
        draw_all(Solution.load(run), tmp_path / "file")


def test_the_view_makes_a_picture(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyvista")
    picture = view(run, screenshot=tmp_path / "new/view.png", time=5000.0)
    assert picture == tmp_path / "new/view.png"
    assert picture.read_bytes().startswith(PNG)


def test_the_view_names_what_to_install(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pyvista(name: str, *rest: Any) -> Any:
        if name == "pyvista":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pyvista)
    with pytest.raises(ResultsError, match="needs pyvista") as caught:
        view(run)
    assert caught.value.fix == 'pip install "microcell[view]"'


def test_the_view_needs_a_snapshot(tmp_path: Path, grid: RunGrid) -> None:
    pytest.importorskip("pyvista")
    RunWriter.create(tmp_path / "run", case={}, grid=grid, info={})
    with pytest.raises(ResultsError, match="no film to show"):
        view(tmp_path / "run", screenshot=tmp_path / "view.png")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.7e-10, "m", "370 pm"),
        (0.9999e-6, "m", "1.00 µm"),
        (-2.5e-3, "V", "-2.50 mV"),
        (12.3456, "mol.m-3", "12.3 mol m⁻³"),
        (1e-8, "", "1.00 × 10⁻⁸"),
        (9120, "", "9 120"),
        (float("nan"), "m", "–"),
        (None, "", "–"),
        ("yes", "", "yes"),
        (0.0, "A", "0 A"),
    ],
)
def test_numbers_read_well(value: Any, unit: str, text: str) -> None:
    assert show(value, unit) == text


def test_durations_and_names_read_well() -> None:
    assert [show_duration(t) for t in (4.25, 512.3, 8000.0, None)] == [
        "4.25 s",
        "8 min 32 s",
        "2 h 13 min",
        "–",
    ]
    assert split_name("Film [nm]") == ("Film", "nm")
    assert split_name("C-rate") == ("C-rate", "")
