"""Checks on stored derived files, read back; each with name, number, bound and place. Pure."""
