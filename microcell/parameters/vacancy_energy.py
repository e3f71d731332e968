"""Formation energy of the oxygen vacancies that let the rocksalt film grow, dG(x, T) [eV]."""

from __future__ import annotations

import jax

from microcell.parameters.law import Law, Leaf, coefficient, limit_stoichiometry


class LinearVacancyEnergy(Law):
    """``dG = slope (x - zero)``: vacancies form where the lithiation falls below ``zero``."""

    slope: Leaf = coefficient()
    zero: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate dG at the stoichiometry of the solid next to the film; T is not used."""
        return self.slope * (limit_stoichiometry(argument) - self.zero)
