"""Read-only views shared by the command line and the web."""
