"""DICOM upper layer and DIMSE: contexts, statuses, the SCU side."""
