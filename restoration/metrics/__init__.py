"""Figures of merit against a known truth."""
