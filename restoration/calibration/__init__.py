"""Calibration of the guard: simulated series, planted lesions, conformal bounds, and what a reader may check."""
