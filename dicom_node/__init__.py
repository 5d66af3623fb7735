"""A DICOM node that receives, completes, routes, restores, derives and delivers series."""

VERSION = "0.1.0"
