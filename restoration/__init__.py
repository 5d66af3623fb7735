"""Restoration of medical volumes: physics, networks, pipelines and the guard; knows no DICOM and no node."""
