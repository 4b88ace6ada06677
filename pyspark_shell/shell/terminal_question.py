"""A question to whoever sits at the terminal, answered by a letter.

Thread  any; whoever asks has the terminal for itself.
"""

from __future__ import annotations

from pyspark_shell.shell.running import progress_bar


def ask(question: str) -> str:
    """The first letter of the answer, in lower case; empty for no answer, Ctrl-C and Ctrl-D."""
    bar = progress_bar()
    if bar is not None:
        bar.erase()
    try:
        return input(question).strip()[:1].lower()
    except (KeyboardInterrupt, EOFError):
        return ""
