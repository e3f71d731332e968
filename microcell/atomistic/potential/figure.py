"""Pictures: the pair energies of a potential, and a stiffness with its error bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from microcell.style import GREY, new_figure, styled

from .elastic import LABELS
from .ewald import COULOMB
from .particles import pair_floors
from .short_range import buckingham

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .crystal import CrystalProperties
    from .model import Potential


def draw_pairs(potential: Potential, present: set[str] | None = None) -> Figure:
    """Draw Coulomb plus Buckingham energy over the distance of two ions, for every pair.

    A dot marks where a structure is refused: the inner maximum, or where two ions overlap.

    Parameters
    ----------
    potential : Potential
        The potential.
    present : set of str, optional
        Only pairs of these species.
    """
    r, lowest, highest = np.linspace(0.4, 6.0, 1000), 0.0, 40.0
    floors = pair_floors(potential)
    with styled():
        figure = new_figure(6.4, 4.2)
        axes = figure.subplots()
        for pair, floor in zip(potential.pair, floors, strict=False):
            if present is not None and not set(pair.between) <= present:
                continue
            charges = float(np.prod([potential.species[name].charge for name in pair.between]))
            beyond = np.append(floor, r[r > floor])
            energy = np.asarray(buckingham(beyond, pair.A, pair.rho, pair.C) + COULOMB * charges / beyond)
            (line,) = axes.plot(beyond, energy, label=" – ".join(pair.between))
            axes.plot(floor, energy[0], "o", color=line.get_color())
            lowest, highest = min(lowest, float(energy.min())), max(highest, float(energy[0]))
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.set_ylim(1.15 * lowest, 1.1 * highest)
        axes.set(xlabel="Distance of two ions [Å]", ylabel="Pair energy [eV]", title=potential.name)
        axes.legend(title="dot: closer, ions overlap or collapse")
    return figure


def draw_stiffness(properties: CrystalProperties) -> Figure:
    """Draw the 6 x 6 stiffness [GPa] as a map with numbers and their errors."""
    C, error = properties.elastic.stiffness, properties.stiffness_error
    limit = float(np.max(np.abs(C)))
    with styled():
        figure = new_figure(6.4, 5.2)
        axes = figure.subplots()
        image = axes.imshow(C, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for (i, j), value in np.ndenumerate(C):
            if abs(value) > 5e-3 * limit:
                colour = "white" if abs(value) > 0.6 * limit else "black"
                axes.text(j, i, f"{value:.1f}\n±{error[i, j]:.1g}", ha="center", va="center", color=colour)
        axes.set_xticks(range(6), LABELS)
        axes.set_yticks(range(6), LABELS)
        axes.grid(visible=False)
        formula = properties.relaxed.atoms.symbols.formula.reduce()[0]
        axes.set(xlabel="Strain", ylabel="Stress", title=f"{formula}: elastic constants")
        figure.colorbar(image, label="Stiffness [GPa]")
    return figure
