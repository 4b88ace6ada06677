import pickle

import pytest

from pyspark_shell.common.errors import InvalidInputException, TaskKilledException
from pyspark_shell.lineage.file_rdds import (
    BinaryFileRDD,
    BinaryRecordsRDD,
    ConvertedRDD,
    TextFileRDD,
    WholeTextFileRDD,
)
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.lineage.task_context import TaskContext


@pytest.fixture
def registry():
    return LineageRegistry()


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"line {i:03}\n" for i in range(100)))
    return path


def computed(node, context=None):
    """What tasks would compute: node and partitions travel as pickles."""
    sent = pickle.loads(pickle.dumps(node))
    splits = pickle.loads(pickle.dumps(list(node.partitions())))
    return [list(sent.iterator(split, context or TaskContext())) for split in splits]


def test_lines_are_dealt_to_partitions_as_hadoop_does(registry, lines):
    node = TextFileRDD(registry, str(lines), 2, True, "")

    parts = computed(node)

    assert [len(part) for part in parts] == [51, 49]
    assert parts[0][0] == "line 000"
    assert parts[-1][-1] == "line 099"


def test_lines_may_be_bytes(registry, lines):
    node = TextFileRDD(registry, str(lines), 1, False, "")

    assert computed(node)[0][0] == b"line 000"


def test_nothing_is_looked_at_before_the_partitions_are_asked_for(registry, tmp_path):
    node = TextFileRDD(registry, str(tmp_path / "none"), 1, True, "")

    with pytest.raises(InvalidInputException, match="Input path does not exist: file:"):
        node.partitions()


def test_what_was_read_is_counted(registry, lines):
    context = TaskContext()

    computed(TextFileRDD(registry, str(lines), 2, True, ""), context)

    assert context.metrics.input_records == 100
    assert context.metrics.input_bytes == lines.stat().st_size


def test_a_killed_task_stops_reading(registry, lines):
    context = TaskContext()
    context.mark_killed("enough")

    with pytest.raises(TaskKilledException):
        computed(TextFileRDD(registry, str(lines), 1, True, ""), context)


def test_whole_files_come_with_their_uris(registry, lines):
    folder = str(lines.parent)

    texts = computed(WholeTextFileRDD(registry, folder, 1, True, ""))
    contents = computed(BinaryFileRDD(registry, folder, 1, 2, 1 << 27, 1 << 22, ""))

    assert texts == [[(f"file:{lines}", lines.read_text())]]
    assert contents == [[(f"file:{lines}", lines.read_bytes())]]


def test_records_have_one_length(registry, lines):
    node = BinaryRecordsRDD(registry, str(lines), 9, "")

    assert computed(node)[0][:2] == [b"line 000\n", b"line 001\n"]


def test_the_conversion_changes_nothing_but_has_an_id(registry, lines):
    node = TextFileRDD(registry, str(lines), 2, True, "textFile at x.py:1")
    converted = ConvertedRDD(node)

    assert (node.id, converted.id) == (0, 1)
    assert converted.call_site == node.call_site
    assert computed(converted) == computed(node)
