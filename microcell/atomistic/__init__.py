"""From atoms: submodels that feed parameters, each ending in a property card with an error bar.

Nothing here is called from a cell: a model writes a `microcell.parameters.PropertyCard`, and the card becomes
a property law wherever one is asked for. Structures, trajectories, optimizers and elastic bands come from
ASE, so every model also works with any other ASE calculator; what needs ASE or phonopy is imported with its
subpackage, not from here.
"""
