"""Results for other tools, one file per format."""
