"""Official benchmark files: sources, downloads, safe readers, importers."""
