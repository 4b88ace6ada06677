"""Text files: where lines end, where splits fall, what is written.

Spark reads the files of a directory in the file system's order, so these programs name several by a
glob, or sort.
"""

from __future__ import annotations

import bz2
import gzip

from compat.differential.registry import caught, layout, program


def entries(folder):
    """Return the names and sizes in `folder`, without the checksum files."""
    return sorted(
        (path.name, path.stat().st_size)
        for path in folder.iterdir()
        if not path.name.endswith(".crc")
    )


@program
def splits_of_one_file(sc, folder):
    path = folder / "lines"
    path.write_bytes(b"".join(b"line %03d\n" % number for number in range(100)))
    return {
        parts: [len(part) for part in layout(sc.textFile(str(path), parts))]
        for parts in (1, 2, 3, 7, 20, 150)
    }


@program
def splits_of_lines_of_many_lengths(sc, folder):
    path = folder / "lines"
    path.write_text("".join("x" * (number * 7 % 23) + f"{number}\n" for number in range(60)))
    return {parts: layout(sc.textFile(str(path), parts)) for parts in (2, 5, 11)}


@program
def default_minimum_is_two(sc, folder):
    path = folder / "lines"
    path.write_text("a\nb\nc\nd\n")
    rdd = sc.textFile(str(path))
    return rdd.getNumPartitions(), layout(rdd), rdd.name().endswith("lines")


@program
def line_ends(sc, folder):
    path = folder / "ends"
    path.write_bytes(b"one\ntwo\r\nthree\rfour\n\nfive")
    return {parts: layout(sc.textFile(str(path), parts)) for parts in (1, 2, 3, 4, 6)}


@program
def carriage_returns_at_the_border(sc, folder):
    path = folder / "ends"
    path.write_bytes(b"aaaa\r\nbbbb\r\ncccc\r\ndddd\r\n")
    return {parts: layout(sc.textFile(str(path), parts)) for parts in (1, 2, 3, 4, 5, 8)}


@program
def empty_files_and_files_without_newline(sc, folder):
    for name, content in {
        "empty": b"",
        "none": b"no newline",
        "only": b"\n",
        "two": b"\n\n",
    }.items():
        (folder / name).write_bytes(content)
    return {
        name: layout(sc.textFile(str(folder / name), 2))
        for name in ("empty", "none", "only", "two")
    }


@program
def bad_utf8(sc, folder):
    path = folder / "bad"
    path.write_bytes(b"ok\n\xff\xfe\nc\xc3\xa9\n\xe2\x82\nend\n")
    return sc.textFile(str(path), 1).collect(), sc.textFile(
        str(path), 1, use_unicode=False
    ).collect()


@program
def unicode_text(sc, folder):
    path = folder / "text"
    path.write_text("日本語\nçédille\n😀\n", encoding="utf-8")
    return sc.textFile(str(path), 2).collect(), sc.textFile(str(path), 2, False).collect()


@program
def directories_globs_and_comma_lists(sc, folder):
    for name in ("a1.txt", "a2.txt", "b1.log", "_hidden", ".dotted"):
        (folder / name).write_text(f"in {name}\n")
    paths = {
        "star": f"{folder}/a*.txt",
        "question": f"{folder}/?1.*",
        "class": f"{folder}/[ab]1.*",
        "braces": f"{folder}/{{a2,b1}}.*",
        "list": f"{folder}/b1.log,{folder}/a1.txt",
        "scheme": f"file://{folder}/a1.txt",
    }
    return {name: layout(sc.textFile(path, 1)) for name, path in paths.items()}, sorted(
        sc.textFile(str(folder)).collect()
    )


@program
def several_files_share_the_minimum(sc, folder):
    for number, lines in enumerate((2, 40, 7)):
        (folder / f"part{number}").write_text("some text\n" * lines)
    return {
        parts: [len(part) for part in layout(sc.textFile(f"{folder}/part*", parts))]
        for parts in (1, 2, 3, 6, 10)
    }


@program
def compressed_input(sc, folder):
    text = "".join(f"line {number}\n" for number in range(50)).encode()
    (folder / "a.gz").write_bytes(gzip.compress(text))
    (folder / "b.bz2").write_bytes(bz2.compress(text))
    zipped, bzipped = sc.textFile(f"{folder}/a.gz", 4), sc.textFile(f"{folder}/b.bz2", 1)
    return (
        zipped.getNumPartitions(),
        zipped.collect(),
        bzipped.collect(),
        sc.textFile(str(folder), 1).count(),
    )


@program
def missing_input(sc, folder):
    missing = sc.textFile(f"{folder}/nothing")
    return (
        caught(missing.count, "Input path does not exist"),
        caught(missing.getNumPartitions, "Input path does not exist"),
        caught(sc.textFile(f"{folder}/*.none").count, "Input Pattern", "matches 0 files"),
        caught(lambda: missing.sortBy(len), "Input path does not exist"),
    )


@program
def whole_text_files(sc, folder):
    for name in ("one", "two", "three"):
        (folder / name).write_text(f"{name}\nand more\r\n")
    rdd = sc.wholeTextFiles(str(folder), 2)
    return sorted(rdd.collect()), sorted(
        sc.wholeTextFiles(str(folder), 2, use_unicode=False).collect()
    )


@program
def binary_files_and_records(sc, folder):
    (folder / "blob").write_bytes(bytes(range(24)))
    return (
        sorted(sc.binaryFiles(str(folder)).collect()),
        sc.binaryRecords(str(folder / "blob"), 4).collect(),
        sc.binaryRecords(str(folder / "blob"), 24).collect(),
        sc.binaryRecords(str(folder / "blob"), 4).getNumPartitions() > 0,
    )


@program
def written_text(sc, folder):
    values = ["a", 1, None, 2.5, "é", ("x", 1), b"raw\xff", True, ""]
    sc.parallelize(values, 3).saveAsTextFile(str(folder / "out"))
    out = folder / "out"
    parts = sorted(path for path in out.iterdir() if path.name.startswith("part"))
    return entries(out), [path.read_bytes() for path in parts]


@program
def written_empty_partitions(sc, folder):
    sc.parallelize([1], 4).saveAsTextFile(str(folder / "out"))
    sc.emptyRDD().saveAsTextFile(str(folder / "none"))
    return entries(folder / "out"), entries(folder / "none")


@program
def written_and_compressed(sc, folder):
    numbers = sc.parallelize(range(100), 2)
    codecs = ("GzipCodec", "BZip2Codec", "DefaultCodec")
    found = {}
    for codec in codecs:
        out = folder / codec
        numbers.saveAsTextFile(str(out), f"org.apache.hadoop.io.compress.{codec}")
        names = [name for name, _ in entries(out)]
        found[codec] = (names, sc.textFile(f"{out}/part-*").map(int).collect() == list(range(100)))
    return found


@program
def unknown_codec_and_existing_directory(sc, folder):
    numbers = sc.parallelize(range(4), 2)
    numbers.saveAsTextFile(str(folder / "out"))
    return (
        caught(
            lambda: numbers.saveAsTextFile(str(folder / "out")),
            "Output directory",
            "already exists",
        ),
        caught(
            lambda: numbers.saveAsPickleFile(str(folder / "out")),
            "Output directory",
            "already exists",
        ),
        caught(
            lambda: numbers.saveAsTextFile(str(folder / "gz"), "no.such.Codec"), "no.such.Codec"
        ),
        sc.textFile(str(folder / "out")).count(),
    )


@program
def failed_write_leaves_no_success(sc, folder):
    def check(x):
        if x == 3:
            raise ValueError("three")
        return x

    error = caught(
        lambda: sc.parallelize(range(4), 2).map(check).saveAsTextFile(str(folder / "out")), "three"
    )
    left = [path.name for path in (folder / "out").iterdir()] if (folder / "out").exists() else []
    return error, "_SUCCESS" in left


@program
def written_text_reads_back(sc, folder):
    words = sc.parallelize(["lorem", "ipsum", "", "dolor sit"], 3)
    words.saveAsTextFile(str(folder / "out"))
    return layout(sc.textFile(f"{folder}/out/part-*", 1)), sorted(
        sc.textFile(str(folder / "out")).collect()
    )


@program
def pickle_files(sc, folder):
    values = [1, "a", (2, [3]), None, {"k": 1.5}, b"x"]
    sc.parallelize(values, 2).saveAsPickleFile(str(folder / "few"), 3)
    sc.parallelize(range(1000), 3).saveAsPickleFile(str(folder / "many"))
    names = [name for name, _ in entries(folder / "few")]
    head = (folder / "few" / "part-00000").read_bytes()[:4]
    few, many = sc.pickleFile(str(folder / "few"), 3), sc.pickleFile(f"{folder}/m*")
    return names, head, sorted(few.collect(), key=repr), sorted(many.collect()) == list(range(1000))
