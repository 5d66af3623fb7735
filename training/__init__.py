"""Training of the shipped restoration models from recipes, on simulated physics."""
