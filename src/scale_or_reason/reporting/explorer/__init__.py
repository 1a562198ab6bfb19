"""A self-contained HTML page for exploring a study's results."""
