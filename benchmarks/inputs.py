"""Makes the files that workloads read, once, and the same each time."""

from __future__ import annotations

import random
import string
from pathlib import Path

TEXT_BYTES = 150_000_000
VOCABULARY = 50_000


def text_file(folder: Path) -> Path:
    """Return a text of 150 MB whose words are as unevenly common as those of a language."""
    path = folder / "text"
    if path.exists():
        return path
    chosen = random.Random(7)
    letters = string.ascii_lowercase
    words = ["".join(chosen.choices(letters, k=chosen.randint(2, 9))) for _ in range(VOCABULARY)]
    weights = [1 / (rank + 2) for rank in range(VOCABULARY)]
    partial, written = folder / "text.partial", 0
    with partial.open("w") as file:
        while written < TEXT_BYTES:
            picked = chosen.choices(words, weights, k=200_000)
            lines = [" ".join(picked[start : start + 12]) for start in range(0, len(picked), 12)]
            written += file.write("\n".join(lines) + "\n")
    partial.rename(path)
    return path
