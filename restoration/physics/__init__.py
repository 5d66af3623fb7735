"""Degradations by their physics, one file each, and phantoms with exact truth."""
