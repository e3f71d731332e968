"""Problems with known answers, the command that solves them, and the dossier that shows the result."""
