"""One file per benchmark, of the benchmark's name, which defines ``BENCHMARK``. A file that is put here is found."""
