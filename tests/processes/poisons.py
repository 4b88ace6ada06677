"""Functions that do to their process, or to the engine's messages, what user code should not.

Each takes a number and is called in a task for one number of the job. Imported by executors too.
"""

from __future__ import annotations

import builtins
import ctypes
import os
import signal
import socket
import sys
import threading
import time

# Ends of the process ----------------------------------------------------------------


def os_exit_0(_):
    os._exit(0)


def os_exit_1(_):
    os._exit(1)


def segfault(_):
    ctypes.string_at(1)


def abort(_):
    os.abort()


def sigkill_itself(_):
    os.kill(os.getpid(), signal.SIGKILL)


def sigkill_its_group(_):
    os.killpg(0, signal.SIGKILL)


def sigsegv_itself(_):
    signal.raise_signal(signal.SIGSEGV)


def illegal_instruction(_):
    os.kill(os.getpid(), signal.SIGILL)


def alarm_while_it_works(_):
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(30)


def deep_recursion_in_c(_):
    nested = ()
    for _ in range(1_000_000):
        nested = (nested,)
    return hash(nested)


# Exceptions -------------------------------------------------------------------------


def sys_exit_0(_):
    sys.exit(0)


def sys_exit_3(_):
    sys.exit(3)


def plain_exit(_):
    builtins.exit(7)


def stop_iteration(_):
    raise StopIteration("enough")


def generator_exit(_):
    raise GeneratorExit("generator")


def keyboard_interrupt(_):
    raise KeyboardInterrupt("nobody pressed it")


class OwnBase(BaseException):
    """Not an Exception."""


def base_exception(_):
    raise OwnBase("of its own kind")


def recursion_error(number):
    return recursion_error(number) + 1


def memory_error(_):
    return bytearray(1 << 62)


def lone_surrogates(_):
    raise ValueError("\ud800 half a character \udfff")


def ten_megabytes_of_message(_):
    raise ValueError("beginning " + "x" * 10_000_000 + " end")


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def unprintable(_):
    raise UnprintableError


class ExitsWhenPrinted(Exception):
    def __str__(self):
        raise SystemExit("no text")

    __repr__ = __str__


def exits_when_printed(_):
    raise ExitsWhenPrinted


class TextIsNoTextError(Exception):
    def __str__(self):
        return 5


def text_is_no_text(_):
    raise TextIsNoTextError


class UnpicklableError(Exception):
    def __reduce__(self):
        raise TypeError("cannot be sent")


def unpicklable_exception(_):
    raise UnpicklableError("its message")


class ExitsWhenPickled(Exception):
    def __reduce__(self):
        raise SystemExit("while it is pickled")


def exits_when_pickled(_):
    raise ExitsWhenPickled("its message")


def _explode(*_):
    raise RuntimeError("cannot be unpickled")


def _exit(*_):
    raise SystemExit("while it is unpickled")


class FailsWhenUnpickled(Exception):
    def __reduce__(self):
        return _explode, ("x",)


def exception_that_cannot_be_unpickled(_):
    raise FailsWhenUnpickled("its message")


class ExitsWhenUnpickled(Exception):
    def __reduce__(self):
        return _exit, ("x",)


def exception_that_exits_when_unpickled(_):
    raise ExitsWhenUnpickled("its message")


def endless_chain_of_causes(_):
    error = ValueError("first")
    for number in range(3_000):
        later = ValueError(f"cause {number}")
        later.__cause__ = error
        error = later
    raise error


def its_own_cause(_):
    error = ValueError("round and round")
    other = ValueError("the other")
    error.__cause__, other.__cause__ = other, error
    raise error


# Results ----------------------------------------------------------------------------


def unpicklable_result(_):
    return threading.Lock()


class ResultThatExits:
    def __reduce__(self):
        raise SystemExit("while the result is pickled")


def result_that_exits_when_pickled(_):
    return ResultThatExits()


class ResultNobodyCanRead:
    def __reduce__(self):
        return _explode, ("x",)


def result_that_cannot_be_unpickled(_):
    return ResultNobodyCanRead()


class ResultThatExitsTheDriver:
    def __reduce__(self):
        return _exit, ("x",)


def result_that_exits_when_unpickled(_):
    return ResultThatExitsTheDriver()


# The channels -----------------------------------------------------------------------


def _sockets():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                found.append(int(name))
        except OSError:
            continue
    return found


def close_all_descriptors(_):
    os.closerange(3, 4096)


def close_the_channels(_):
    for fd in _sockets():
        os.close(fd)


def shut_the_channels_down(_):
    for fd in _sockets():
        socket.socket(fileno=fd).shutdown(socket.SHUT_RDWR)


def write_garbage_into_the_channels(_):
    for fd in _sockets():
        os.write(fd, b"this is no frame at all, and it goes on for a while" * 10)


def write_one_byte_into_the_channels(_):
    for fd in _sockets():
        os.write(fd, b"?")


def write_a_frame_of_an_unknown_kind(_):
    for fd in _sockets():
        os.write(fd, b"PS\xee\0\4\0\0\0junk")


# Harmless to their own job: kind -> what the number becomes -----------------------------


def fork_that_returns(number):
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    return number


def leave_threads_behind(number):
    for daemon in (True, False):
        threading.Thread(target=time.sleep, args=(3600,), daemon=daemon).start()
    return number


def leave_a_spinning_thread_behind(number):
    def spin():
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass

    threading.Thread(target=spin).start()
    return number


def change_directory(number):
    os.chdir("/")
    return number


def sit_in_a_deleted_directory(number):
    import tempfile

    directory = tempfile.mkdtemp()
    os.chdir(directory)
    os.rmdir(directory)
    return number


def clear_the_environment(number):
    os.environ.clear()
    return number


def replace_signal_handlers(number):
    for name in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(name, signal.SIG_IGN)
    return number


def block_all_signals(number):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return number


def close_the_standard_streams(number):
    sys.stdout.close()
    sys.stderr.close()
    return number


def close_descriptors_0_to_2(number):
    os.closerange(0, 3)
    return number


def clear_sys_path_and_modules(number):
    sys.path.clear()
    for name in [n for n in sys.modules if n.startswith("pyspark_shell.shuffle")]:
        del sys.modules[name]
    return number


def leave_a_child_behind(number):
    if os.fork() == 0:
        time.sleep(3600)
        os._exit(0)
    return number


def raise_the_recursion_limit(number):
    sys.setrecursionlimit(1_000_000)
    return number


def turn_off_garbage_collection_and_trace(number):
    import gc

    gc.disable()
    sys.settrace(lambda *_: None)
    sys.setprofile(lambda *_: None)
    return number
