"""``microcell atomistic thermal``: lattice thermal conductivity and heat capacity from phonons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import AtomisticError
from ..bar import counting_bar
from .options import AsJson, Out, Overwrite, Temperature, prepare
from .potential import named_potential

if TYPE_CHECKING:
    from ...atomistic.potential import Potential
    from ...atomistic.thermal import Mixture, VirtualCrystal

_AROUND = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
"""Temperatures of the cards, as shares of the one asked for."""


def thermal(
    composition: Annotated[
        str,
        typer.Argument(
            metavar="COMPOSITION",
            help='"NMC811", "LiCoO2", or shares as in Ni=0.8,Mn=0.1,Co=0.1.',
        ),
    ] = "NMC811",
    potential_name: Annotated[
        str,
        typer.Option("--potential", "-p", metavar="NAME", help="A built-in set, or a TOML file of your own."),
    ] = "microcell_nmc_fit",
    temperature: Temperature = 300.0,
    mesh: Annotated[int, typer.Option("--mesh", help="Wave vectors per axis.", min=3)] = 16,
    repeats: Annotated[
        int, typer.Option("--repeats", help="Primitive cells per edge of the supercell.", min=1)
    ] = 4,
    grain: Annotated[
        float | None,
        typer.Option(
            "--grain", metavar="METRE", help="Size of the grains. Default: no scattering at their surfaces."
        ),
    ] = None,
    ternary: Annotated[
        int,
        typer.Option(
            "--ternary",
            metavar="STEPS",
            min=0,
            help="Also map the Ni-Mn-Co triangle, so many steps per edge.",
        ),
    ] = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Phonons, lattice thermal conductivity and heat capacity of a layered oxide at any Ni-Mn-Co composition.

    Force constants at three volumes, Umklapp from Grueneisen parameters, mass disorder, grain boundaries. The
    error bars hold mesh and Umklapp model, not the potential. With --ternary: a table and a picture of the
    triangle, and a table beside published values.

    Example: microcell atomistic thermal NMC811 --ternary 5
    """
    from ...atomistic.thermal import Scattering, composition_of

    folder = prepare(out, "thermal", overwrite)
    fractions = _fractions(composition)
    used = named_potential(potential_name, 1.0, [])
    scattering = Scattering() if grain is None else Scattering(grain=grain)
    crystal = _crystal(used, None if ternary else fractions, repeats)
    made = composition_of(crystal, fractions, (mesh,) * 3, scattering)
    _write(crystal, made, used, composition, temperature, ternary, folder, as_json)


def _write(
    crystal: VirtualCrystal,
    made: Mixture,
    used: Potential,
    composition: str,
    temperature: float,
    ternary: int,
    folder: Path,
    as_json: bool,
) -> None:
    """Compute what is asked for and write it."""
    from ...atomistic.thermal import (
        cards,
        comparison,
        conductivity_figure,
        phonon_figure,
        ternary_figure,
        ternary_table,
    )
    from .finish import finish

    temperatures = [share * temperature for share in _AROUND]
    inputs = {"potential": used.name, "potential standing": used.standing, "potential source": used.source}
    tables = {"comparison": comparison(crystal, mesh=made.transport.mesh, scattering=made.scattering)}
    figures: dict[str, Any] = {
        "phonons": phonon_figure(made.transport, f"{composition}, {used.name}"),
        "conductivity": conductivity_figure(made, temperatures, f"{composition}, {used.name}"),
    }
    if ternary:
        with counting_bar() as show:
            tables["ternary"] = ternary_table(
                crystal,
                temperature=temperature,
                mesh=made.transport.mesh,
                steps=ternary,
                scattering=made.scattering,
                progress=show,
            )
        figures["ternary"] = ternary_figure(tables["ternary"], temperature)
    finish(cards(made, temperatures, inputs=inputs), tables, figures, folder, as_json=as_json)


def _crystal(used: Potential, fractions: dict[str, float] | None, repeats: int) -> VirtualCrystal:
    from ...atomistic.thermal import triangle

    with counting_bar() as show:
        return triangle(used, fractions, repeats=(repeats,) * 3, progress=show)


def _fractions(text: str) -> dict[str, float]:
    """Read a name, or shares."""
    from ...atomistic.structures import Composition

    if "=" not in text:
        return Composition.of(text).as_dict()
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return Composition.of({metal.strip(): float(share) for metal, share in pairs}).as_dict()
    except ValueError as error:
        raise AtomisticError(
            "The composition cannot be read",
            key="COMPOSITION",
            value=text,
            allowed="a name, or shares as in Ni=0.8,Mn=0.1,Co=0.1",
        ) from error
