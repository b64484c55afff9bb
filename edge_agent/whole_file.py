"""A small file, written whole or not at all: who reads it meanwhile finds the old one."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Thread: any; never from within a hop. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
