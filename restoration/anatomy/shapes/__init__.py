"""What anatomy is drawn from: grids, solids, leaves, beams, labels."""
