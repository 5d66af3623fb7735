"""Process starts: read the configuration, build, loop; decide nothing."""
