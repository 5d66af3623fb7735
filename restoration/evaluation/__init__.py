"""Measures pipelines beside their input and classical filters, with bars, tiers of evidence and figures."""
