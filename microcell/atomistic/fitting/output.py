"""What a fit leaves: the potential as a TOML file, cards of its quality and numbers, a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from ...files import atomic_write, write_text
from ...parameters.card import Origin, PropertyCard
from ...style import BLUE, ORANGE, new_figure, styled
from ..potential import Potential
from .result import FitResult

_UNITS = {"A": " [eV]", "rho": " [angstrom]", "C": " [eV.angstrom6]", "spring": " [eV.angstrom-2]"}


def write_potential(potential: Potential, path: Path, comment: str = "") -> Path:
    """Write a potential as the TOML file that `Potential.read` reads.

    Parameters
    ----------
    potential : Potential
        What to write.
    path : Path
        Where to.
    comment : str
        Lines for the head of the file.
    """
    lines = [f"# {line}" for line in comment.splitlines()]
    for key in ("schema_version", "name", "title", "source", "standing", "note"):
        if text := getattr(potential, key):
            lines.append(f"{key} = {json.dumps(text, ensure_ascii=False)}")
    lines += [f"cutoff = {potential.cutoff!r}  # A", "", "[species]"]
    for name, ion in potential.species.items():
        fields = [f'element = "{ion.element}"', f"charge = {ion.charge!r}"]
        if ion.shell is not None:
            fields += [f"shell = {ion.shell!r}", f"spring = {ion.spring!r}"]
        if ion.spring4:
            fields.append(f"spring4 = {ion.spring4!r}")
        lines.append(f'"{name}" = {{ {", ".join(fields)} }}')
    for pair in potential.pair:
        lines += ["", "[[pair]]", f"between = {json.dumps(list(pair.between))}"]
        lines += [f"{key} = {getattr(pair, key)!r}" for key in ("A", "rho", "C")]
        lines += [f"{k} = {json.dumps(getattr(pair, k))}" for k in ("standing", "note") if getattr(pair, k)]
    write_text(path, "\n".join(lines) + "\n")
    return path


def describe(result: FitResult) -> str:
    """Return how well a fit does, in words and numbers: chi-squared and every observable."""
    parts = []
    for row in result.table.to_dict("records"):
        use = "" if row["fitted"] else ", not fitted"
        head = f"{row['observation']}: {row['quantity']}"
        if row["values"] > 1:
            parts.append(
                f"{head}, {row['values']} values of rms {row['measured']:.3g}, "
                f"deviation rms {row['rms_deviation']:.3g}{use}"
            )
        else:
            parts.append(f"{head} {row['predicted']:.4g} (measured {row['measured']:.4g}){use}")
    ends = f"; on a bound: {', '.join(result.at_bounds)}" if result.at_bounds else ""
    state = "converged" if result.converged else "NOT converged"
    return (
        f"Fit to few data, not verified. Reduced chi-squared {result.reduced_chi2:.3g} with "
        f"{result.degrees_of_freedom} degrees of freedom, {state}{ends}. " + "; ".join(parts) + "."
    )


def report(result: FitResult) -> str:
    """Return lines for the head of a potential file: every observation and number, with its error."""
    lines = [
        f"Reduced chi-squared {result.reduced_chi2:.3g}, {result.degrees_of_freedom} degrees of freedom, "
        + ("converged." if result.converged else "NOT converged."),
        "Observations: fitted value, target with the standard deviation that weighs it, deviation; standing.",
    ]
    for row in result.table.to_dict("records"):
        head = f"- {row['observation']}, {row['quantity']}: "
        if row["values"] > 1:
            text = f"{row['values']} values of rms {row['measured']:.3g}, "
            text += f"deviation rms {row['rms_deviation']:.3g}, sigma {row['sigma']:.3g}"
        else:
            off = (row["predicted"] - row["measured"]) / row["sigma"]
            text = (
                f"{row['predicted']:.4g}, target {row['measured']:.4g} ± {row['sigma']:.2g}, {off:+.1f} sigma"
            )
        use = "" if row["fitted"] else "; not fitted"
        known = "; ".join(part for part in (row["standing"], row["source"]) if part)
        lines.append(f"{head}{text}{use}{'; ' + known if known else ''}")
    lines.append("Numbers with standard errors; those of pairs compensate each other, so they are wide.")
    for name, value, error in zip(result.names, result.values, result.standard_errors, strict=True):
        lines.append(f"- {name} = {value:.5g} ± {error:.2g}")
    return "\n".join(lines)


def cards(result: FitResult, inputs: dict[str, object]) -> dict[str, PropertyCard]:
    """Return property cards of chi-squared and of every fitted number that has an error bar, by file name.

    Parameters
    ----------
    result : FitResult
        A converged fit.
    inputs : dict
        Plain values for the origin, such as the file of the fit.
    """
    origin = Origin.of("fit", inputs | result.statistics, note=describe(result))
    spread = float(np.sqrt(2.0 / result.degrees_of_freedom)) * result.reduced_chi2
    found = {
        "chi-squared": PropertyCard.scalar(
            "Reduced chi-squared of the potential", result.reduced_chi2, spread, origin=origin
        )
    }
    for name, value, error in zip(result.names, result.values, result.standard_errors, strict=True):
        if np.isfinite(error):
            kind = name.partition("(")[0]
            label = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
            found[label] = PropertyCard.scalar(
                f"{name}{_UNITS.get(kind, '')}", float(value), float(error), origin=origin
            )
    return found


def figure(result: FitResult, path: Path) -> Path:
    """Draw deviations of all observables in standard deviations, as PNG."""
    table = result.table
    # energies have no deviation of their own: their offset is unknown
    rows = table[np.isfinite(table.rms_deviation)].reset_index(drop=True)
    sign = np.where(rows["values"] == 1, np.sign(rows.predicted - rows.measured), 1.0)
    height = sign * rows.rms_deviation / rows.sigma
    colours = [BLUE if fitted else ORANGE for fitted in rows.fitted]
    with styled():
        drawing = new_figure(7.6, 1.5 + 0.3 * len(rows))
        axes = drawing.add_subplot()
        axes.barh(np.arange(len(rows)), height, color=colours)
        quantities = [quantity.partition(" [")[0] for quantity in rows.quantity]
        labels = [f"{o}, {q}" for o, q in zip(rows.observation, quantities, strict=True)]
        axes.set_yticks(np.arange(len(rows)), labels)
        axes.invert_yaxis()
        axes.axvline(0.0, color="black", lw=0.8)
        axes.set(xlabel="Deviation or its rms\n[standard deviations]")
        unused = "\norange: not fitted" if not rows.fitted.all() else ""
        axes.set_title(f"Reduced chi-squared {result.reduced_chi2:.3g}{unused}")
        atomic_write(path, lambda temporary: drawing.savefig(temporary, format="png"))
    return path
