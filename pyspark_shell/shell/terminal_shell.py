"""IPython's terminal shell with a prompt that knows of running jobs.

Prompts stay `In [3]:`, since places in the code of a cell are told as `In[3]:2`, and transcripts
with such prompts can be pasted; `spark[1]` stands before it while one job runs in the background.

Thread  the main thread; the line below the prompt is drawn anew twice a second.
"""

from __future__ import annotations

import shutil
import time
from typing import Any, Final

from IPython.terminal.interactiveshell import TerminalInteractiveShell
from IPython.terminal.prompts import Prompts
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import PygmentsTokens
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.styles import Style, merge_styles
from pygments.token import Token

from pyspark_shell.driver.kill_remains import let_ask
from pyspark_shell.shell.cells import CellTracker
from pyspark_shell.shell.erasing_stream import TerminalStreams
from pyspark_shell.shell.idle_watch import IdleWatch
from pyspark_shell.shell.interrupts import SHOWN_HERE, InterruptReport
from pyspark_shell.shell.kill_question import KillQuestion
from pyspark_shell.shell.killed_jobs import tell_kills_in_one_line
from pyspark_shell.shell.magics import register_magics
from pyspark_shell.shell.progress_switch import PROGRESS
from pyspark_shell.shell.rdd_text import register_rdd_text
from pyspark_shell.shell.running import progress_bar, running_context, running_jobs
from pyspark_shell.shell.third_interrupt import ThirdInterrupt
from pyspark_shell.shell.thread_hint import ThreadHint
from pyspark_shell.shell.toolbar import cut_line, idle_hint, toolbar_text
from pyspark_shell.shell.weak_outputs import WeakOutputs

_REFRESH_S: Final = 0.5
_STYLE: Final = Style.from_dict({"bottom-toolbar": "noreverse fg:ansibrightblack"})


class SparkPrompts(Prompts):
    """IPython's prompts, with the number of running jobs before them."""

    def in_prompt_tokens(self) -> list[Any]:
        """`In [3]: `, or `spark[1] In [3]: `."""
        count = len(running_jobs())
        mark = [(Token.Prompt, f"spark[{count}] ")] if count else []
        return [*mark, *super().in_prompt_tokens()]


class SparkTerminalShell(TerminalInteractiveShell):
    """The shell; made by IPython's terminal application."""

    prompts_class = SparkPrompts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._streams = TerminalStreams()
        self._interrupts = ThirdInterrupt()
        self._interrupts.begin()
        self.events.register("pre_run_cell", self._before_cell)
        self.events.register("post_run_cell", self._after_cell)
        register_magics(self)
        IdleWatch(self).begin()
        ThreadHint(self).begin()
        WeakOutputs(self).begin()
        register_rdd_text(self)
        CellTracker(self).begin()
        tell_kills_in_one_line()
        self.set_custom_exc(SHOWN_HERE, InterruptReport())

    def _before_cell(self, info: object) -> None:
        self._interrupts.new_cell()
        self._streams.take()
        PROGRESS.apply()
        bar = progress_bar()
        if bar is not None:
            bar.resume()

    def _after_cell(self, result: object) -> None:
        bar = progress_bar()
        if bar is not None:
            bar.pause()
        self._streams.give_back()

    # The prompt --------------------------------------------------------------------------

    def init_prompt_toolkit_cli(self) -> None:
        """Add the line below the prompt and what Ctrl-C says there."""
        super().init_prompt_toolkit_cli()
        if self.simple_prompt:
            return
        self._question = KillQuestion(lambda: self.pt_app.app)
        let_ask(self._question.ask)
        self.pt_app.bottom_toolbar = self._toolbar
        self.pt_app.refresh_interval = _REFRESH_S
        self.pt_app.style = merge_styles([self.pt_app.style, _STYLE])
        self.pt_app.key_bindings = merge_key_bindings([self.pt_app.key_bindings, _hint_keys(self)])

    def _extra_prompt_options(self) -> dict[str, Any]:
        """Have the prompt drawn anew with the line below it, which IPython draws once."""
        options: dict[str, Any] = super()._extra_prompt_options()
        options["message"] = lambda: PygmentsTokens(self.prompts.in_prompt_tokens())
        return options

    def prompt_for_code(self) -> str:
        """Read a cell; a question that waits is asked first, once the prompt is there."""
        self.pt_app.app.pre_run_callables.append(self._question.prompt_is_here)
        text: str = super().prompt_for_code()
        return text

    def _toolbar(self) -> str:
        context = running_context()
        width = shutil.get_terminal_size().columns
        if context is None:
            return " spark  no application runs: %spark restart starts one"
        if context.isStopped:
            why = f"killed: {context.killReason}" if context.killReason else "stopped"
            return cut_line(f" spark  {why}; %spark restart starts a new one", width)
        driver = context._driver
        close_at_ms = None if driver is None else driver.idle_close_at_ms
        now_ms = int(time.time() * 1000)
        return toolbar_text(context.master, running_jobs(), now_ms, width, close_at_ms)


def _hint_keys(shell: SparkTerminalShell) -> KeyBindings:
    """Ctrl-C at an empty prompt: nothing is ended, but one may want to know how."""
    keys = KeyBindings()

    @Condition
    def is_empty() -> bool:
        return not shell.pt_app.default_buffer.text and bool(running_jobs())

    @keys.add("c-c", filter=is_empty)
    def _hint(event: KeyPressEvent) -> None:
        run_in_terminal(lambda: print(idle_hint(running_jobs())))

    return keys
