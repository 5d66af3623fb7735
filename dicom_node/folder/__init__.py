"""An attempt from folder to folder, without a database."""
