"""Procedural anatomy with exact truth: bodies to train on, other bodies to test on, phantoms to measure."""
