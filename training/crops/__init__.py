"""Where the crops of a step come from, a file per simulation."""
