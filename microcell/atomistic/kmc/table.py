"""Diffusivity and open-circuit potential over lithium content, as property cards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from microcell.errors import AtomisticError
from microcell.parameters import Origin, PropertyCard

from .activation import Activation
from .collective import jump_diffusivity, tracer_diffusivity
from .grand import sample_isotherm
from .isotherm import Isotherm
from .model import Model
from .run import Run, Settings
from .simulate import Progress, simulate

if TYPE_CHECKING:
    import pandas as pd

_POTENTIAL_POINTS = 61


@dataclass(frozen=True, eq=False)
class TransportTable:
    """What a lattice model gives over lithium content at one temperature.

    Attributes
    ----------
    model : Model
        The lattice model.
    temperature : float
        [K].
    settings : Settings
        How the runs were sampled.
    runs : tuple of Run
        One per content, in increasing order.
    isotherm : Isotherm
        Chemical potential and fluctuations.
    """

    model: Model
    temperature: float
    settings: Settings
    runs: tuple[Run, ...]
    isotherm: Isotherm

    @property
    def x(self) -> np.ndarray:
        """Lithium contents (n,), as the supercells have them."""
        return np.array([run.x for run in self.runs])

    def frame(self) -> pd.DataFrame:
        """Return all columns as a table; a name ending in "error" is one standard error of the one before."""
        import pandas as pd

        mu = self.isotherm.chemical_potential(self.x)
        factor = self.isotherm.thermodynamic_factor(self.x)
        columns = {"Lithium content": self.x}
        columns |= {"Potential [V]": -mu.value, "Potential error [V]": mu.error}
        columns |= {"Thermodynamic factor": factor.value, "Thermodynamic factor error": factor.error}
        columns |= self._columns("Jump diffusivity", [jump_diffusivity(run) for run in self.runs])
        if self.settings.tracers:
            columns |= self._columns("Tracer diffusivity", [tracer_diffusivity(run) for run in self.runs])
        value, error = self.chemical_diffusivity()
        columns |= {"Chemical diffusivity [m2.s-1]": value, "Chemical diffusivity error [m2.s-1]": error}
        columns["Change in longer blocks"] = np.array([run.drift() for run in self.runs])
        columns["Hops"] = np.array([run.hops for run in self.runs])
        columns["Simulated time per block [s]"] = np.array([run.block_time for run in self.runs])
        columns["Lithium gets anywhere"] = np.array([run.transports for run in self.runs])
        return pd.DataFrame(columns)

    @staticmethod
    def _columns(name: str, estimates: Sequence) -> dict[str, np.ndarray]:
        return {
            f"{name} [m2.s-1]": np.array([one.mean for one in estimates]),
            f"{name} error [m2.s-1]": np.array([one.standard_error for one in estimates]),
        }

    def chemical_diffusivity(self) -> tuple[np.ndarray, np.ndarray]:
        """Return D = Theta D_J [m2.s-1] and its standard error (n,), that of Fick's law."""
        factor = self.isotherm.thermodynamic_factor(self.x)
        jump = [jump_diffusivity(run) for run in self.runs]
        value, error = (np.array(column) for column in list(zip(*jump, strict=True))[:2])
        return factor.value * value, np.hypot(factor.value * error, factor.error * value)

    def cards(self, activation: Activation | None = None) -> dict[str, PropertyCard]:
        """Return the diffusivity as a property card, and the potential where the model has one.

        Parameters
        ----------
        activation : Activation, optional
            What the diffusivity follows with temperature.

        Raises
        ------
        AtomisticError
            If lithium gets nowhere at one of the contents, or is unstable there (Theta is not positive).
        """
        self._refuse_standstill()
        self._refuse_unstable()
        value, error = self.chemical_diffusivity()
        origin, T = self._origin(activation), self.temperature
        over_temperature: dict[str, Any] = {}
        if activation is not None:
            energy, spread = activation.common
            over_temperature = {
                "activation_energy": energy,
                "activation_energy_uncertainty": spread,
                "validity": {"T": (activation.temperatures[0], activation.temperatures[-1])},
            }
        cards = {
            "diffusivity": PropertyCard.table(
                self.model.diffusivity_name,
                "x",
                self.x,
                value,
                error,
                origin=origin,
                interpolation="log",
                temperature=T,
                **over_temperature,
            )
        }
        if self.model.potential_name is not None:
            x = np.linspace(self.x[0], self.x[-1], _POTENTIAL_POINTS)
            mu = self.isotherm.chemical_potential(x)
            cards["potential"] = PropertyCard.table(
                self.model.potential_name,
                "x",
                x,
                -mu.value,
                mu.error,
                origin=origin,
                outside="straight",
                temperature=T,
            )
        return cards

    def _refuse_standstill(self) -> None:
        for run in self.runs:
            if not run.transports:
                jump = jump_diffusivity(run)
                most = jump.mean + 2.0 * jump.standard_error
                raise AtomisticError(
                    f"Lithium hops ({run.hops:.3g} times) but gets nowhere at x = {run.x:.4g}: the "
                    f"diffusivity is zero within its error, below {most:.2g} m2/s. The network of open ways "
                    "does not percolate, or only through hops too rare to be seen",
                    key="x",
                    value=run.x,
                    fix="leave this content out, block fewer sites, lower the closed barriers, or sample "
                    "with a smaller tolerance",
                )

    def _refuse_unstable(self) -> None:
        factor = self.isotherm.thermodynamic_factor(self.x)
        for x, value in zip(factor.x, factor.value, strict=True):
            if value <= 0.0:
                raise AtomisticError(
                    f"At x = {x:.4g} the lattice is unstable and separates: thermodynamic factor {value:.3g}",
                    key="x",
                    value=x,
                    fix="leave this content out, or raise the temperature",
                )

    def _origin(self, activation: Activation | None) -> Origin:
        inputs: dict[str, Any] = {
            "model": self.model.model_dump(mode="json"),
            "temperature_K": self.temperature,
            "settings": dataclasses.asdict(self.settings),
            "hops": sum(run.hops for run in self.runs),
        }
        if activation is not None:
            inputs["activation_temperatures_K"] = list(activation.temperatures)
            inputs["activation_energies_eV"] = activation.energies
        references = [
            "Van der Ven, Ceder, Asta, Tepesch 2001, doi 10.1103/PhysRevB.64.184307",
            *self.model.references(),
        ]
        note = (
            "the errors are those of the sampling, with what longer blocks would change; those of the "
            "barriers and of the attempt frequency are not in them: "
            "0.05 eV in all barriers is a factor of seven in D at room temperature"
        )
        return Origin.of("kinetic Monte Carlo on a lattice", inputs, references=references, note=note)


def transport_table(
    model: Model,
    contents: Sequence[float],
    temperature: float = 298.15,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> TransportTable:
    """Compute diffusivities and the potential over lithium content.

    Parameters
    ----------
    model : Model
        The lattice model.
    contents : sequence of float
        Lithium contents x, increasing; each is rounded to what the supercell can show.
    temperature : float
        [K].
    settings : Settings, optional
        How to sample.
    progress : callable, optional
        Called with contents done, contents asked for, and a text.

    Raises
    ------
    AtomisticError
        If the contents do not increase or a run fails, see `simulate` and `sample_isotherm`.
    """
    settings = settings or Settings()
    _check_contents(model, contents)
    isotherm = sample_isotherm(model, temperature, size=settings.size, seed=settings.seed, progress=progress)
    runs = []
    for number, x in enumerate(contents):
        if progress is not None:
            progress(number, len(contents), f"{model.title}: x = {x:.3f}")
        runs.append(simulate(model, x, temperature, settings))
    if progress is not None:
        progress(len(contents), len(contents), model.title)
    return TransportTable(model, temperature, settings, tuple(runs), isotherm)


def _check_contents(model: Model, contents: Sequence[float]) -> None:
    low, high = model.energies.mean_field_window
    values = np.asarray(contents, dtype=np.float64)
    if len(values) < 2 or not (np.diff(values) > 0).all() or values[0] < low or values[-1] > high:
        raise AtomisticError(
            "These lithium contents make no table",
            key="lithiation",
            value=", ".join(f"{x:g}" for x in values),
            allowed=f"two or more, increasing, from {low:g} to {high:g}, where the energies are known",
        )
