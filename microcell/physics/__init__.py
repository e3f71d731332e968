"""Laws of the cell without space: kinetics, transport between two cells, film growth."""
