"""A picture of migration barriers: energy along the band."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import atomic_write
from ...style import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure, styled

if TYPE_CHECKING:
    from .barrier import Barrier


def draw(barriers: Sequence[Barrier], path: Path) -> Path:
    """Draw the profiles of bands in one panel; one that has not converged is grey and says so.

    Raises
    ------
    ResultsError
        If the picture cannot be written.
    """
    colours = (BLUE, ORANGE, GREEN, PURPLE)
    with styled():
        figure = new_figure(6.6, 4.4)
        panel = figure.subplots()
        for number, barrier in enumerate(barriers):
            colour = colours[number % len(colours)] if barrier.converged else GREY
            words = f"{barrier.name}: {barrier.forward:.3f} ± {barrier.uncertainty:.3f} eV"
            words += "" if barrier.converged else " (not converged)"
            panel.plot(*barrier.curve, color=colour)
            panel.plot(barrier.distance, barrier.energy, "o", color=colour, label=words)
        panel.set_xlabel("distance along the band [Å]")
        panel.set_ylabel("energy above the initial state [eV]")
        highest = max(float(barrier.energy.max()) for barrier in barriers)
        panel.set_ylim(-0.08 * highest, 1.35 * highest)
        panel.legend(loc="upper center")
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path
