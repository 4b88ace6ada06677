"""Tasks that run until they are killed; apart, so that executors import nothing else for them."""

import time


def sleep(_):
    """Run until killed."""
    time.sleep(300)


def swallow(_):
    """Let nothing end the task but the end of its process."""
    while True:
        try:
            time.sleep(300)
        except BaseException:
            continue


def nap(record):
    """Take a moment."""
    time.sleep(0.01)
    return record
