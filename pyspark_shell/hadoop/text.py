"""Reads the lines of a split, in lists, since most of the time of reading text is spent per call.

A line ends with \\n, \\r\\n or \\r. It belongs to the split in which it starts, where a line that
starts at the very end of a split belongs to that split and not to the next one. Malformed UTF-8 is
replaced.

Source  Hadoop's LineRecordReader and LineReader; differs in that a damaged bzip2 file raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import AnyStr, Final, Literal, overload

from pyspark_shell.hadoop import utf8
from pyspark_shell.hadoop.bzip2_blocks import read_blocks
from pyspark_shell.hadoop.codecs import codec_of_path
from pyspark_shell.hadoop.local_files import InputFile
from pyspark_shell.hadoop.paths import file_uri
from pyspark_shell.hadoop.splits import FileSplit

_LINE_END: Final = re.compile(rb"\n|\r\n?")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PROBE_BYTES: Final = 1 << 12  # read at once when only the end of a line is wanted
_BZIP2_MAGIC: Final = b"BZh"
_BZIP2_HEADER_BYTES: Final = 4


@overload
def read_lines(split: FileSplit, use_unicode: Literal[True] = True) -> Iterator[list[str]]: ...
@overload
def read_lines(split: FileSplit, use_unicode: Literal[False]) -> Iterator[list[bytes]]: ...
@overload
def read_lines(
    split: FileSplit, use_unicode: bool
) -> Iterator[list[str]] | Iterator[list[bytes]]: ...


def read_lines(
    split: FileSplit, use_unicode: bool = True
) -> Iterator[list[str]] | Iterator[list[bytes]]:
    """Read the lines of `split` without their ends.

    Parameters
    ----------
    split
        From `text_splits`.
    use_unicode
        Yield strings, else the same lines as UTF-8.

    Returns
    -------
    Lists of lines, never empty, each made from about `BLOCK_BYTES` of the file.

    Raises
    ------
    ChecksumException, SparkException
        The file was changed after it was written; it cannot be decompressed.
    """
    return _decoded_lines(split) if use_unicode else _encoded_lines(split)


def _decoded_lines(split: FileSplit) -> Iterator[list[str]]:
    for body, has_cr in _whole_lines(_text_of(split)):
        yield _split(utf8.decode(body), has_cr, "\r\n", "\r", "\n")


def _encoded_lines(split: FileSplit) -> Iterator[list[bytes]]:
    for body, has_cr in _whole_lines(_text_of(split)):
        yield _split(utf8.clean(body), has_cr, b"\r\n", b"\r", b"\n")


def _split(text: AnyStr, has_cr: bool, crlf: AnyStr, cr: AnyStr, lf: AnyStr) -> list[AnyStr]:
    if not has_cr:
        return text.split(lf)
    if text.count(crlf) == text.count(cr) == text.count(lf):
        return text.split(crlf)
    return text.replace(crlf, lf).replace(cr, lf).split(lf)


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Regroup into whole lines, less the last line's end; tell if there is a \\r in them."""
    line_begin: list[bytes] = []
    for block in _without_cr_at_end(blocks):
        has_cr = b"\r" in block
        cut = max(block.rfind(b"\n"), block.rfind(b"\r") if has_cr else -1)
        if cut < 0:
            line_begin.append(block)
            continue
        line_end = cut - 1 if block[cut - 1 : cut + 1] == b"\r\n" else cut
        yield b"".join([*line_begin, block[:line_end]]), has_cr
        line_begin = [block[cut + 1 :]]
    rest = b"".join(line_begin)
    if rest:
        yield rest, False


def _without_cr_at_end(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Move a \\r from the end of a block to the next one, where a \\n may follow it."""
    held = b""
    for block in blocks:
        if held:
            block = held + block
        held = b"\r" if block.endswith(b"\r") else b""
        yield block[:-1] if held else block
    if held:
        yield held


def _text_of(split: FileSplit) -> Iterator[bytes]:
    blocks = _region_of(split)
    return _without_byte_order_mark(blocks) if split.start == 0 else blocks


def _without_byte_order_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    begin = b""
    for block in blocks:
        begin += block
        if len(begin) >= len(_BYTE_ORDER_MARK):
            break
    yield begin.removeprefix(_BYTE_ORDER_MARK)
    yield from blocks


def _region_of(split: FileSplit) -> Iterator[bytes]:
    """Read the bytes of the lines that belong to the split, decompressed."""
    codec = codec_of_path(split.path)
    with InputFile(split.path) as file:
        if codec is None:
            start = _next_line(file, split.start) if split.start else 0
            yield from file.blocks(start, _next_line(file, split.end))
        elif split.start == 0 and split.end >= file.size:
            yield from codec.decompress(file.blocks(), file_uri(split.path))
        else:
            yield from codec.checked(_bzip2_region(file, split), file_uri(split.path))


def _next_line(file: InputFile, offset: int) -> int:
    """Find where the next line starts if the reading of one begins at `offset`."""
    while data := file.read_at(offset, _PROBE_BYTES):
        end = _LINE_END.search(data)
        if end is None:
            offset += len(data)
            continue
        offset += end.end()
        cut = end.end() == len(data) and data.endswith(b"\r")
        return offset + (cut and file.read_at(offset, 1) == b"\n")
    return file.size


def _bzip2_region(file: InputFile, split: FileSplit) -> Iterator[bytes]:
    """Read the lines that start in the compressed blocks which begin inside of the split.

    The file's first block always belongs to the split at 0, wherever that ends.
    """
    is_first = split.start == 0
    if is_first and file.read_at(0, len(_BZIP2_MAGIC)) != _BZIP2_MAGIC:
        raise ValueError("no bzip2 header")
    blocks = read_blocks(file, 0 if is_first else max(split.start, _BZIP2_HEADER_BYTES + 1))
    end = max(split.end, _BZIP2_HEADER_BYTES + 1) if is_first else split.end
    skips_line, cr_is_last = not is_first, False
    for block in blocks:
        data = block.data
        if block.offset >= end:
            if not skips_line or cr_is_last:
                yield from _first_line(data, (later.data for later in blocks), cr_is_last)
            return
        if skips_line:
            if cr_is_last:
                data = data.removeprefix(b"\n")
            elif line_end := _LINE_END.search(data):
                data = data[line_end.end() :]
                cr_is_last = not data and block.data.endswith(b"\r")
                if cr_is_last:
                    continue
            else:
                continue
            skips_line = cr_is_last = False
        yield data


def _first_line(data: bytes, later: Iterator[bytes], ends_skipped_line: bool) -> Iterator[bytes]:
    """Yield up to the end of the line that starts or goes on in `data`.

    If the line to skip ended with a \\r just before `data`, a \\n in front belongs to that one, and
    nothing is left.
    """
    if ends_skipped_line and data.startswith(b"\n"):
        return
    while (end := _LINE_END.search(data)) is None:
        yield data
        data = next(later, b"")
        if not data:
            return
    yield data[: end.end()]
    if end.end() == len(data) and data.endswith(b"\r") and next(later, b"").startswith(b"\n"):
        yield b"\n"
