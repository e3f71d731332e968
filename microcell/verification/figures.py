"""The pictures of the dossier: what was found as marks, the answer as a line."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from matplotlib.figure import Figure

from ..results.files import atomic_write
from ..results.style import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure, styled
from .problem import Picture

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#E69F00", "#56B4E9")
MARKS = "osD^vP"


def draw(picture: Picture) -> Figure:
    """Draw one picture."""
    figure = new_figure(9.5 if len(picture.lines) > 4 else 7.0, 4.4)
    panel = figure.add_subplot()
    looks = cycle(zip(COLOURS, MARKS, strict=True))
    for line in picture.lines:
        if line.marks:
            colour, mark = next(looks)
            panel.plot(line.x, line.y, mark, color=colour, label=line.label, markersize=6, fillstyle="none")
        else:
            panel.plot(line.x, line.y, "-", color=GREY, label=line.label, linewidth=1.4)
    panel.set(xlabel=picture.x_label, ylabel=picture.y_label, title=picture.title)
    if picture.log_x:
        panel.set_xscale("log")
    if picture.log_y:
        panel.set_yscale("log")
    if len(picture.lines) > 4:
        figure.legend(loc="outside right upper", fontsize=9)
    else:
        panel.legend(fontsize=9)
    return figure


def save(picture: Picture, path: Path) -> None:
    """Draw one picture into a PNG file."""
    with styled():
        figure = draw(picture)
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png", dpi=110))
