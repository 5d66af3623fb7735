"""How a network is run: device, precision, tiles."""
