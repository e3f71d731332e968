"""What the terminal says of a reduced run and of its comparison."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..p2d import Design
from ..p2d.cycling.summary import CAPACITY
from ..progress import duration
from ..results.figures_cycles import SEEN
from ..results.files import REPORT
from ..results.quantities import show, split_name
from .compare import Comparison
from .finished import Aged, Finished, Setup
from .report import difference_row

_WORDS = {
    "electrode_thickness": ("Thickness", "m"),
    "active_fraction": ("Active fraction", ""),
    "porosity": ("Porosity", ""),
    "tortuosity": ("Tortuosity factor", ""),
    "radii": ("Particle radii", "m"),
    "weights": ("Shares of the volume", ""),
    "electronic_conductivity": ("Electronic conductivity", "S.m-1"),
    "area": ("Cross-section", "m2"),
    "surface_factor": ("Surface / that of the spheres", ""),
}

_MEASURED = {
    "electrode_thickness": "extent of the image",
    "active_fraction": "connected to the collector",
    "porosity": "pores and inside of porous CBD, connected to the separator",
    "tortuosity": "conduction through pores and porous CBD",
    "weights": "sizes of about equal volume",
    "electronic_conductivity": "conduction through active material and CBD",
    "area": "extent of the image",
    "surface_factor": "interface of the image, CBD coverage included",
}


_RADII = {
    "diffusion": "lag of the lithium inside the particles",
    "volume": "spheres of equal volume",
    "surface": "volume over interface",
}


def design_rows(setup: Setup) -> list[tuple[str, str, str]]:
    """Return name, value and origin of the numbers of the positive electrode."""
    return _rows(setup.model.design, partial(_origin, setup=setup))


def _rows(design: Design, origin: Callable[[str], str]) -> list[tuple[str, str, str]]:
    rows = []
    for key, value in design.model_dump().items():
        name, unit = _WORDS.get(key, (key.replace("_", " "), ""))
        values = value if isinstance(value, tuple | list) else [value]
        shown = ", ".join("law at x = 0.5" if one is None else show(float(one), unit, 4) for one in values)
        rows.append((name, shown, origin(key)))
    return rows


def _origin(key: str, setup: Setup) -> str:
    effective = setup.effective
    if setup.bpx is not None:
        return setup.bpx.name
    if key in setup.given:
        return "case file"
    if effective is None or getattr(setup.model.design, key) != getattr(effective.design, key):
        return "default"
    return _RADII[effective.rule] if key == "radii" else _MEASURED.get(key, "image")


def _electrodes(setup: Setup) -> list[Table]:
    columns = ("", "", "from")
    tables = [_table("Electrode", columns, design_rows(setup))]
    if setup.model.negative is not None:
        source = "case file" if setup.bpx is None else setup.bpx.name
        rows = _rows(setup.model.negative.design, lambda _: source)
        tables.append(_table("Negative electrode", columns, rows))
    return tables


def summary(finished: Finished, comparison: Comparison | None, folder: Path) -> str:
    """Return tables of design, steps and differences, and where to look."""
    solution = finished.solution
    steps = [
        (str(number), step.text, step.reason, f"{step.end:.0f} s")
        for number, step in enumerate(solution.steps, start=1)
    ]
    tables = [*_electrodes(finished.setup), _table("Steps", ("", "", "ended by", "at"), steps)]
    if comparison is not None:
        rows = [difference_row(row) for row in comparison.differences]
        tables.append(
            _table(f"Beside {comparison.voxels.folder}", ("", "3D run", "reduced", "gap", ""), rows)
        )
    counts = solution.statistics()
    end = {name: float(solution[name][-1]) for name in solution.to_frame().columns}
    lines = [
        *_ageing(end),
        f"Solver      {finished.setup.model.kind}, {counts['accepted']} time steps in "
        f"{duration(finished.seconds)}, compiling included; lithium drift {counts['lithium_drift']:.1e}",
        *_notes(finished.setup),
        f"Results     {folder}",
        *([f"Report      {folder / REPORT}"] if comparison is not None else []),
    ]
    return _text(tables) + "\n".join(lines)


def summary_of_cycles(aged: Aged, folder: Path) -> str:
    """Return tables of the design and of the first and last cycle, what it cost, and where to look."""
    life, counts = aged.life, aged.life.statistics()
    tables = _electrodes(aged.setup)
    lines = [f"Ended       {life.ended}"]
    if life.cycles:
        first, last = life.table.iloc[0], life.table.iloc[-1]
        share = last[CAPACITY] / first[CAPACITY] if first[CAPACITY] else float("nan")
        names = [CAPACITY, "Charge capacity [A.h]", "Discharge energy [W.h]", "Resistance [Ohm]"]
        parts = [(name, *split_name(name)) for name in names]
        rows = [
            (word, *(show(float(row[name]), unit, 4) for row in (first, last))) for name, word, unit in parts
        ]
        tables.append(_table("Cycles", ("", "first", f"cycle {life.cycles}"), rows))
        lines.append(f"Cycle life  {life.cycles} cycles, capacity {100 * share:.2f} % of the first")
        lines += _ageing({str(name): float(value) for name, value in last.items()})
    lines += [
        f"Solver      {aged.setup.model.kind}, {counts['full_cycles']} cycles computed in full "
        f"({counts['refused_cycles']} behind refused jumps) in {duration(aged.seconds)}, compiling included; "
        f"largest error of a jump {counts['largest_jump_error']:.1e}",
        *_notes(aged.setup),
        f"Results     {folder}",
    ]
    return _text(tables) + "\n".join(lines)


def _ageing(end: Mapping[str, float]) -> list[str]:
    """Return a line on losses and one on layers, where there are any."""
    lost = [
        f"{name.removeprefix('Loss of ').removesuffix(' [%]')} {value:.3g} %"
        for name, value in end.items()
        if name.startswith("Loss of") and name.endswith("[%]") and abs(value) > SEEN
    ]
    layers = [
        f"{name.removesuffix(' [m]').removeprefix('Mean ')} {show(value, 'm', 4)}"
        for name, value in end.items()
        if name.startswith("Mean") and name.endswith("thickness [m]")
    ]
    words = (("Losses", lost), ("Layers", layers))
    return [f"{word:<12}{'; '.join(parts)}" for word, parts in words if parts]


def _notes(setup: Setup) -> list[str]:
    return [f"Note        {note}" for note in setup.notes]


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*row)
    return table


def _text(tables: Sequence[Any]) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=120, highlight=False, markup=False, force_terminal=False, color_system=None
    )
    for table in tables:
        console.print(table)
    return stream.getvalue()
