"""The nouns of the node: series, work, states, reasons, marks, errors, geometry, clock. Pure."""
