"""Parts of tools/analysis/zoo_coverage.py."""
