"""One file per benchmark, with the benchmark's name; it defines ``BENCHMARK``. New files are found automatically."""
