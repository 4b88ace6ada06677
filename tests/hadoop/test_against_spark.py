"""Requires that real Spark reads the same as we do, and that each reads what the other wrote."""

from __future__ import annotations

import bz2
import gzip
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.hadoop.codecs import codec_of_class
from pyspark_shell.hadoop.commit import FileOutputCommitter
from pyspark_shell.hadoop.pickle_files import read_pickles, write_pickles
from pyspark_shell.hadoop.splits import (
    binary_record_splits,
    binary_splits,
    sequence_file_splits,
    text_splits,
    whole_text_splits,
)
from pyspark_shell.hadoop.text import read_lines
from pyspark_shell.hadoop.text_output import write_lines
from pyspark_shell.hadoop.whole_files import read_binary_files, read_records, read_whole_texts

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]

TESTS = Path(__file__).resolve().parent.parent
PARALLELISM = 2
CODECS = ["GzipCodec", "BZip2Codec", "DefaultCodec", "SnappyCodec", "Lz4Codec"]
PACKAGE = "org.apache.hadoop.io.compress."
TEXTS = [
    "",
    b"bytes",
    "é\u2028",
    None,
    1.5,
    (1, "a"),
    "two\nlines",
    b"\xff\xed\xa0\x80",
] * 250  # two batches of parallelize
RECORDS = [(number, "text" * (number % 50), [None, number / 7]) for number in range(20_000)]

LINES = ["ends", "mixed", "bad", "bom", "only-bom", "mixed.bz2", "mixed.gz", "two.bz2", "empty"]
TEXT_PATHS = [
    *[f"texts/{name}" for name in LINES],
    "texts",
    "texts/*d*",
    "texts/{ends,b*}",
    "texts/[!a-m]*.gz",
    "hidden",
    "nested",
    "nested/*",
    "{nested/sub,texts}/[de]*",
    "texts/none",
    "texts/none*",
    "texts/_*",
    "texts/[",
    "changed",
]
PARTS = [1, 2, 3, 7, 19]
WHOLE_PATHS = ["whole", "whole/*", "nested", "hidden", "texts/none", "whole/no*", "whole/empty*"]
RECORD_LENGTHS = [1, 5, 7]


def make_inputs(folder: Path) -> None:
    shuffled = random.Random(5)
    ends = [b"\n", b"\r\n", b"\r", b"\n\n"]
    mixed = b"".join(
        b"%d %s%s" % (number, shuffled.randbytes(shuffled.randrange(60)).hex().encode(), end)
        for number, end in enumerate(shuffled.choices(ends, [5, 3, 1, 1], k=6000))
    )
    bad = b"\n".join(shuffled.randbytes(20) for _ in range(200)) + b"\n\xed\xa0\x80\n\xed\xbf(\n"
    contents = {
        "texts/ends": b"a\r\nb\rc\nd\r\r\ne\n\r\n\x0b\x0c\x1c\x85\xe2\x80\xa8z\r",
        "texts/mixed": mixed,
        "texts/bad": bad,
        "texts/bom": b"\xef\xbb\xbfabc\n\xef\xbb\xbfdef\n",
        "texts/only-bom": b"\xef\xbb\xbf",
        "texts/empty": b"",
        "texts/mixed.gz": gzip.compress(mixed[:9000]) + gzip.compress(mixed[9000:]),
        "texts/mixed.bz2": bz2.compress(mixed, 1),
        "texts/two.bz2": bz2.compress(mixed[:99_999], 2) + bz2.compress(mixed[99_999:], 1),
        "texts/_skipped": b"skipped\n",
        "hidden/.skipped": b"skipped\n",
        "nested/sub/deep": b"deep\n",
        "nested/top": b"top\n",
        "whole/e1": b"",
        "whole/f é": b"\xef\xbb\xbftext\xff\r\n",
        "whole/g.gz": gzip.compress(b"unzipped"),
        "whole/h": bytes(range(256)) * 30,
        "whole/e2": b"",
        "whole/i": b"x" * 5000,
        "whole/empty1": b"",
        "whole/empty2": b"",
        "records/r": bytes(range(35)) * 10,
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def make_outputs(folder: Path) -> None:
    save(folder / "ours-text", TEXTS, lambda part, file: write_lines(part, file))
    save(folder / "ours-pickle", RECORDS, lambda part, file: write_pickles(part, file))
    save(folder / "ours-pickle-auto", RECORDS, lambda part, file: write_pickles(part, file, 0))
    for name in CODECS:
        codec = codec_of_class(PACKAGE + name)
        save(
            folder / f"ours-text-{name}",
            TEXTS,
            lambda part, file, codec=codec: write_lines(part, file, codec),
            codec.suffix,
        )
    save(folder / "changed", ["line"] * 500, lambda part, file: write_lines(part, file))
    changed = folder / "changed" / "part-00001"
    changed.write_bytes(changed.read_bytes().replace(b"line\n", b"LINE\n"))


def save(path, records, write, suffix=""):
    committer = FileOutputCommitter(str(path))
    committer.check_output()
    committer.setup_job()
    half = len(records) // 2
    for partition, part in enumerate([records[:half], records[half:]]):
        with committer.task_attempt(partition, 0) as task:
            write(part, task.create(suffix))
            task.commit(lambda: True)
    committer.commit_job()


def reads(folder: Path) -> dict[str, tuple[str, tuple]]:
    found = {}
    for path in TEXT_PATHS:
        for parts in PARTS if path in {f"texts/{name}" for name in LINES} else [1]:
            found[f"text {path} {parts}"] = ("textFile", (f"{folder}/{path}", parts))
        found[f"bytes {path}"] = ("textFile", (f"{folder}/{path}", 2, False))
    found["text twice"] = ("textFile", (f"{folder}/texts/ends,file:{folder}/texts/bom", 3))
    for path in WHOLE_PATHS:
        for parts in [1, 2, 5, 50]:
            found[f"whole {path} {parts}"] = ("wholeTextFiles", (f"{folder}/{path}", parts))
            found[f"binary {path} {parts}"] = ("binaryFiles", (f"{folder}/{path}", parts))
        found[f"whole bytes {path}"] = ("wholeTextFiles", (f"{folder}/{path}", 2, False))
    for length in RECORD_LENGTHS:
        found[f"records {length}"] = ("binaryRecords", (f"{folder}/records", length))
    for name in ["", *[f"-{name}" for name in CODECS]]:
        found[f"ours-text{name}"] = ("textFile", (f"{folder}/ours-text{name}/part*", 2))
    for name in ["ours-pickle", "ours-pickle-auto"]:
        for parts in [1, 3, 20]:
            found[f"{name} {parts}"] = ("pickleFile", (f"{folder}/{name}/part*", parts))
    found["pickle of text"] = ("pickleFile", (f"{folder}/nested/top",))
    found["pickle of nothing"] = ("pickleFile", (f"{folder}/texts/empty",))
    return found


def writes(folder: Path) -> dict[str, tuple[str, tuple]]:
    found: dict[str, tuple[str, tuple]] = {
        "theirs-text": ("saveAsTextFile", (TEXTS, 2, f"{folder}/theirs-text")),
        "theirs-pickle": ("saveAsPickleFile", (RECORDS, 2, f"{folder}/theirs-pickle")),
        "exists": ("saveAsTextFile", ([1], 1, f"{folder}/texts")),
        "codec": ("saveAsTextFile", ([1], 1, f"{folder}/new", "gzip")),
        "unnamed": ("saveAsTextFile", ([1], 1, "")),
    }
    for name in CODECS:
        path = f"{folder}/theirs-text-{name}"
        found[f"theirs-text-{name}"] = ("saveAsTextFile", (TEXTS, 2, path, PACKAGE + name))
    key = "mapreduce.output.fileoutputformat.compress"
    found["compress"] = ("set", (key, "true"))
    for name in CODECS:
        found[f"codec {name}"] = ("set", (f"{key}.codec", PACKAGE + name))
        for kind in ["RECORD", "BLOCK"]:
            path = f"{folder}/theirs-pickle-{name}-{kind}"
            found[f"type {name} {kind}"] = ("set", (f"{key}.type", kind))
            found[path] = ("saveAsPickleFile", (RECORDS, 2, path))
    return found


def reads_of_theirs(folder: Path) -> dict[str, tuple[str, tuple]]:
    found = {"theirs-text": ("textFile", (f"{folder}/theirs-text/part*", 3))}
    for name in CODECS:
        path = f"{folder}/theirs-text-{name}/part*"
        found[f"theirs-text-{name}"] = ("textFile", (path, 3))
    for parts in [1, 3, 20]:
        path = f"{folder}/theirs-pickle/part*"
        found[f"theirs-pickle {parts}"] = ("pickleFile", (path, parts))
        for name in CODECS:
            for kind in ["RECORD", "BLOCK"]:
                path = f"{folder}/theirs-pickle-{name}-{kind}/part*"
                found[f"theirs-pickle-{name}-{kind} {parts}"] = ("pickleFile", (path, parts))
    return found


NAMES = [*reads(Path("/")), *(f"back {name}" for name in reads_of_theirs(Path("/")))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    make_inputs(folder)
    make_outputs(folder)
    return folder


@pytest.fixture(scope="module")
def requests(folder):
    back = {f"back {name}": request for name, request in reads_of_theirs(folder).items()}
    return reads(folder) | {f"write {name}": r for name, r in writes(folder).items()} | back


@pytest.fixture(scope="module")
def theirs(folder, requests, tmp_path_factory):
    home = tmp_path_factory.mktemp("spark")
    (home / "requests").write_bytes(pickle.dumps(requests))
    process = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("spark_side.py")), "requests", "answers"],
        cwd=home,
        env=os.environ
        | {"SPARK_LOCAL_IP": "127.0.0.1", "PYTHONHASHSEED": "0", "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert process.returncode == 0, process.stderr[-4000:]
    return pickle.loads((home / "answers").read_bytes())


def ours(method, arguments):
    if method == "textFile":
        path, parts, *use_unicode = arguments
        return [joined(read_lines(split, *use_unicode)) for split in text_splits(path, parts)]
    if method == "wholeTextFiles":
        path, parts, *use_unicode = arguments
        splits = whole_text_splits(path, parts)
        return [list(read_whole_texts(split, *use_unicode)) for split in splits]
    if method == "binaryFiles":
        splits = binary_splits(*arguments, default_parallelism=PARALLELISM)
        return [list(read_binary_files(split)) for split in splits]
    if method == "binaryRecords":
        path, length = arguments
        return [joined(read_records(split, length)) for split in binary_record_splits(path, length)]
    assert method == "pickleFile"
    path, parts = (*arguments, PARALLELISM)[:2]
    return [joined(read_pickles(split)) for split in sequence_file_splits(path, parts)]


def joined(batches):
    return [record for batch in batches for record in batch]


@pytest.mark.parametrize("name", NAMES)
def test_partitions_are_the_same_as_on_spark(requests, theirs, name):
    expected = theirs[name]

    if isinstance(expected, tuple):
        with pytest.raises(SparkException) as caught:
            ours(*requests[name])
        assert str(caught.value).partition(". ")[0] in expected[1]
    else:
        assert ours(*requests[name]) == expected


@pytest.mark.parametrize("name", [name for name in writes(Path("/")) if name.startswith("theirs-")])
def test_files_have_the_names_that_spark_gives_them(folder, theirs, name):
    assert theirs[f"write {name}"] is None

    written = sorted(os.listdir(folder / name))

    assert sorted(os.listdir(folder / name.replace("theirs", "ours"))) == written


def test_text_is_the_same_to_the_byte(folder, theirs):
    assert theirs["write theirs-text"] is None

    for name in ["part-00000", "part-00001", ".part-00000.crc", ".part-00001.crc", "._SUCCESS.crc"]:
        ours, theirs_too = folder / "ours-text" / name, folder / "theirs-text" / name
        assert ours.read_bytes() == theirs_too.read_bytes()


@pytest.mark.parametrize(
    ("name", "refuse"),
    [
        ("exists", lambda folder: FileOutputCommitter(f"{folder}/texts").check_output()),
        ("codec", lambda folder: codec_of_class("gzip")),
        ("unnamed", lambda folder: FileOutputCommitter("")),
    ],
)
def test_output_is_refused_with_the_text_of_spark(folder, theirs, name, refuse):
    kind, text = theirs[f"write {name}"]

    with pytest.raises(SparkException) as caught:
        refuse(folder)

    assert kind == "error"
    assert str(caught.value).partition(". ")[0] in text
