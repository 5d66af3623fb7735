"""Degradations by their physics, one file each."""
