"""From a source data set and restored values to a derived data set; pure on data sets."""
