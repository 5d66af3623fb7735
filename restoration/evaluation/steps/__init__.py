"""What is measured: one figure of merit a file, each with its table, bars and curves."""
