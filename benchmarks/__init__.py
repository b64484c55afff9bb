"""Figures against peers; `results.jsonl` is append-only."""
