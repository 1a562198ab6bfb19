"""One self-contained HTML page with which a study's results can be explored."""
