"""Starts the command line of the training package. Touches: what `training.cli` touches."""

from training.cli import main

main()
