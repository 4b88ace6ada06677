from io import StringIO

import pytest

from pyspark_shell.common.clock import ManualClock
from pyspark_shell.driver.console_progress_bar import ConsoleProgressBar, StageProgress, draw


def stage(stage_id=3, done=6, active=2, total=10, submitted_ms=0):
    return StageProgress(stage_id, done, active, total, submitted_ms)


@pytest.mark.parametrize(
    ("stages", "width", "line"),
    [
        (
            [stage()],
            80,
            "[Stage 3:==================================>                       (6 + 2) / 10]",
        ),
        ([stage(done=0)], 40, "[Stage 3:>                 (0 + 2) / 10]"),
        ([stage(done=9, active=1)], 40, "[Stage 3:================> (9 + 1) / 10]"),
        ([stage(done=10, active=0)], 40, "[Stage 3:=================(10 + 0) / 10]"),
        ([stage()], 20, "[Stage 3:(6 + 2) / 10]"),
        (
            [stage(0, 4, 1, 8), stage(1, 0, 1, 8), stage(12, 7, 0, 8)],
            80,
            "[Stage 0:==>  (4 + 1) / 8][Stage 1:>    (0 + 1) / 8][Stage 12:===>(7 + 0) / 8]",
        ),
    ],
)
def test_the_line_is_sparks_to_the_character(stages, width, line):
    assert draw(stages, width) == line


class Bar:
    """A bar on a terminal of 30 columns, and what was written to it since the last look."""

    def __init__(self):
        self.clock = ManualClock(1.0)
        self.stages = [stage(submitted_ms=self.clock.time_ms())]
        self.stream = StringIO()
        self.width = 30
        self.bar = ConsoleProgressBar(
            lambda: self.stages, lambda: True, 0.2, self.stream, self.clock, lambda: self.width
        )

    def written(self, after_s=0.0):
        self.clock.advance(after_s)
        self.bar.refresh()
        return self.taken()

    def taken(self):
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


LINE = "[Stage 3:====>   (6 + 2) / 10]"
BLANKS = f"\r{' ' * 30}\r"


@pytest.fixture
def bar():
    return Bar()


def test_a_stage_is_shown_when_it_lasts(bar):
    assert bar.written(after_s=0.5) == ""
    assert bar.written(after_s=0.001) == f"\r{LINE}\r"


def test_the_line_is_drawn_again_when_it_changes_or_after_a_minute(bar):
    bar.written(after_s=1)

    assert bar.written(after_s=1) == ""
    assert bar.written(after_s=60) == f"\r{LINE}\r"
    bar.stages = [stage(done=7)]
    assert bar.written() == "\r[Stage 3:=====>  (7 + 2) / 10]\r"


def test_a_jobs_end_erases_it_and_nothing_is_shown_for_a_moment(bar):
    bar.written(after_s=1)

    bar.bar.finish_all()

    assert bar.taken() == BLANKS
    assert bar.written(after_s=0.499) == ""
    assert bar.written(after_s=0.001) == f"\r{LINE}\r"


def test_what_others_write_erases_it_and_it_comes_back(bar):
    bar.written(after_s=1)

    bar.bar.erase()

    assert bar.taken() == BLANKS
    bar.bar.erase()
    assert bar.taken() == ""
    assert bar.written() == f"\r{LINE}\r"


def test_it_is_silent_while_paused_or_unwanted(bar):
    bar.bar.pause()
    assert bar.written(after_s=1) == ""
    bar.bar.resume()
    assert bar.written() == f"\r{LINE}\r"

    bar.bar.wanted = False
    assert bar.taken() == BLANKS
    assert bar.written(after_s=1) == ""


def test_three_stages_at_most(bar):
    bar.stages = [stage(number) for number in range(5)]
    bar.width = 80

    assert bar.written(after_s=1).count("[Stage") == 3


def test_a_line_that_would_wrap_has_fewer_stages(bar):
    bar.stages = [stage(number) for number in range(3)]
    bar.width = 50
    assert bar.written(after_s=1).count("[Stage") == 2

    bar.width = 10
    assert bar.written(after_s=1) == "\r[Stage 0:(\r"


def test_a_terminal_that_is_gone_harms_nobody(bar):
    bar.stream.close()

    bar.clock.advance(1)
    bar.bar.refresh()


def test_a_stream_that_erases_the_bar_may_be_its_own(bar):
    class Erasing(StringIO):
        def write(self, text):
            bar.bar.erase()
            return super().write(text)

    bar.bar._stream = bar.stream = Erasing()
    bar.written(after_s=1)

    bar.bar.finish_all()

    assert bar.taken() == BLANKS
