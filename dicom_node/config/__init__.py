"""The one configuration file: model, loading, logging set-up."""
