"""Networks of the shipped pipelines and the noise map they are conditioned on."""
