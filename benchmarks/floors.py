"""The hand-written versions: two forked processes, pipes, and the same functions on every record.

They are the limit for an engine that runs Python functions in two processes. Workers are forked
once and keep what they are told to in `worker.kept`; records that change sides go through files in
memory, as one would do by hand.
"""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from operator import add
from pathlib import Path
from typing import Any, NoReturn

from benchmarks import workloads as w


class Worker:
    """One of the two processes: calls what it is sent, as `function(worker, *arguments)`."""

    def __init__(self, side: int, channel: Connection, folder: Path) -> None:
        self.side = side
        self.channel = channel
        self.folder = folder
        self.kept: dict[str, Any] = {}

    def serve(self) -> NoReturn:
        try:
            while True:
                function, arguments = pickle.loads(self.channel.recv_bytes())
                self.channel.send_bytes(pickle.dumps(function(self, *arguments), 5))
        except EOFError:
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    def give(self, name: str, records: Any) -> None:
        """Leave `records` for the other side."""
        with open(self.folder / f"{name}-{1 - self.side}", "wb") as file:
            pickle.dump(records, file, 5)

    def take(self, name: str) -> Any:
        """Return what the other side left, once."""
        path = self.folder / f"{name}-{self.side}"
        with path.open("rb") as file:
            records = pickle.load(file)
        path.unlink()
        return records

    def half(self, size: int) -> range:
        return range(size // 2 * self.side, size if self.side else size // 2)


class Pair:
    """The two workers, seen from their parent."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="benchmarks-floor-", dir="/dev/shm"))
        self.channels: list[Connection] = []
        self.workers: list[int] = []
        for side in (0, 1):
            ours, theirs = Pipe()
            pid = os.fork()
            if pid == 0:
                for channel in [ours, *self.channels]:
                    channel.close()
                Worker(side, theirs, self.folder).serve()
            theirs.close()
            self.channels.append(ours)
            self.workers.append(pid)

    def stop(self) -> None:
        """End the workers, and remove what they shared."""
        for channel, pid in zip(self.channels, self.workers, strict=True):
            channel.close()
            os.waitpid(pid, 0)
        shutil.rmtree(self.folder)

    def both(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Call `function` with the same arguments on both sides; return both answers."""
        order = pickle.dumps((function, arguments), 5)
        for channel in self.channels:
            channel.send_bytes(order)
        return [pickle.loads(channel.recv_bytes()) for channel in self.channels]

    def each(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Call `function` with the n-th argument on the n-th side."""
        for channel, argument in zip(self.channels, arguments, strict=True):
            channel.send_bytes(pickle.dumps((function, (argument,)), 5))
        return [pickle.loads(channel.recv_bytes()) for channel in self.channels]


def split_by_key(pairs: Any) -> tuple[list[Any], list[Any]]:
    sides: tuple[list[Any], list[Any]] = ([], [])
    for pair in pairs:
        sides[hash(pair[0]) % 2].append(pair)
    return sides


def count_half(worker):
    return len(range(50))


def count(pair, prepared):
    return sum(pair.both(count_half))


def collect_one(worker):
    return list(range(100)) if worker.side == 0 else []


def collect(pair, prepared):
    channel = pair.channels[0]
    channel.send_bytes(pickle.dumps((collect_one, ()), 5))
    return len(pickle.loads(channel.recv_bytes()))


def shuffle_map(worker):
    mine, theirs = [(1, 1), (3, 3)], [(2, 2), (4, 4)]
    worker.kept["small"] = mine
    worker.give("small", theirs)


def shuffle_reduce(worker):
    found: dict[int, int] = {}
    for key, value in worker.kept["small"] + worker.take("small"):
        found[key] = add(found[key], value) if key in found else value
    return len(found)


def shuffle(pair, prepared):
    pair.both(shuffle_map)
    sum(pair.both(shuffle_reduce))
    return 4


def empty_tasks(number):
    def run(pair, prepared):
        first, second = pair.channels
        order = pickle.dumps((empty_task, ()), 5)
        for _ in range(number // 2):
            first.send_bytes(order)
            second.send_bytes(order)
            first.recv_bytes()
            second.recv_bytes()
        return number

    return run


def empty_task(worker):
    return None


def map_filter_sum_half(worker):
    increment, is_odd, total = w.increment, w.is_odd, 0
    for x in worker.half(w.INTS):
        y = increment(x)
        if is_odd(y):
            total += y
    return total


def map_filter_sum(pair, prepared):
    return sum(pair.both(map_filter_sum_half))


def word_count_map(worker, path):
    split, with_one = w.split, w.with_one
    size = os.path.getsize(path)
    counts: dict[str, int] = {}
    with open(path, "rb") as file:
        if worker.side:
            file.seek(size // 2 - 1)
            file.readline()
            text = file.read()
        else:
            text = file.read(size // 2) + file.readline()
    for line in text.decode().splitlines():
        for word in split(line):
            key, value = with_one(word)
            counts[key] = add(counts[key], value) if key in counts else value
    sides = split_by_key(counts.items())
    worker.kept["words"] = sides[worker.side]
    worker.give("words", sides[1 - worker.side])


def word_count_reduce(worker):
    counts = dict(worker.kept.pop("words"))
    for key, value in worker.take("words"):
        counts[key] = add(counts[key], value) if key in counts else value
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:5]


def word_count(pair, path):
    pair.both(word_count_map, path)
    first, second = pair.both(word_count_reduce)
    return sorted(first + second, key=lambda pair: (-pair[1], pair[0]))[:5]


def reduce_by_key_map(worker):
    few_keys = w.few_keys
    found: dict[int, int] = {}
    for x in worker.half(w.PAIRS):
        key, value = few_keys(x)
        found[key] = add(found[key], value) if key in found else value
    sides = split_by_key(found.items())
    worker.kept["pairs"] = sides[worker.side]
    worker.give("pairs", sides[1 - worker.side])


def reduce_by_key_reduce(worker):
    found = dict(worker.kept.pop("pairs"))
    for key, value in worker.take("pairs"):
        found[key] = add(found[key], value) if key in found else value
    return sum(found.values())


def reduce_by_key(pair, prepared):
    pair.both(reduce_by_key_map)
    return sum(pair.both(reduce_by_key_reduce))


def sort_by_key_map(worker):
    middle = 1_000_003 // 2
    sides: tuple[list[Any], list[Any]] = ([], [])
    for record in map(w.shuffled_key, worker.half(w.SORTED)):
        sides[record[0] > middle].append(record)
    worker.kept["records"] = sides[worker.side]
    worker.give("records", sides[1 - worker.side])


def sort_by_key_reduce(worker):
    records = worker.kept.pop("records") + worker.take("records")
    records.sort(key=lambda record: record[0])
    return w.ends(iter(records))[0]


def sort_by_key(pair, prepared):
    pair.both(sort_by_key_map)
    first, last = pair.both(sort_by_key_reduce)
    return first[0], last[1], first[2] + last[2]


def group_by_key_map(worker):
    found: dict[int, list[int]] = {}
    for key, value in map(w.grouped_key, worker.half(w.GROUPED)):
        if key in found:
            found[key].append(value)
        else:
            found[key] = [value]
    sides = split_by_key(found.items())
    worker.kept["groups"] = sides[worker.side]
    worker.give("groups", sides[1 - worker.side])


def group_by_key_reduce(worker):
    found = dict(worker.kept.pop("groups"))
    for key, values in worker.take("groups"):
        if key in found:
            found[key] += values
        else:
            found[key] = values
    return max(sum(values) for values in found.values())


def group_by_key(pair, prepared):
    pair.both(group_by_key_map)
    return max(pair.both(group_by_key_reduce))


def join_map(worker):
    for name, function in (("left", w.left_pair), ("right", w.right_pair)):
        sides = split_by_key(map(function, worker.half(w.JOINED)))
        worker.kept[name] = sides[worker.side]
        worker.give(name, sides[1 - worker.side])


def join_reduce(worker):
    left: dict[int, list[int]] = {}
    for records in (worker.kept.pop("left"), worker.take("left")):
        for key, value in records:
            left.setdefault(key, []).append(value)
    joined = (
        (key, (other, value))
        for records in (worker.kept.pop("right"), worker.take("right"))
        for key, value in records
        for other in left.get(key, ())
    )
    return sum(1 for pair in joined if pair[1][0] + pair[1][1] == 0)


def join(pair, prepared):
    pair.both(join_map)
    return sum(pair.both(join_reduce))


def distinct_map(worker):
    found = set(map(w.tenth, worker.half(w.DISTINCT)))
    worker.kept["distinct"] = {x for x in found if x % 2 == worker.side}
    worker.give("distinct", [x for x in found if x % 2 != worker.side])


def distinct_reduce(worker):
    return len(worker.kept.pop("distinct").union(worker.take("distinct")))


def distinct(pair, prepared):
    pair.both(distinct_map)
    return sum(pair.both(distinct_reduce))


def page_rank_links(worker, found):
    links: dict[int, list[int]] = {}
    for source, target in found:
        if source % 2 == worker.side:
            links.setdefault(source, []).append(target)
    worker.kept["links"] = links
    worker.kept["ranks"] = dict.fromkeys(links, 1.0)


def page_rank_map(worker):
    links, ranks = worker.kept["links"], worker.kept["ranks"]
    found: dict[int, float] = {}
    for key, targets in links.items():
        if key in ranks:
            for target, share in w.contributions((key, (targets, ranks[key]))):
                found[target] = add(found[target], share) if target in found else share
    sides = split_by_key(found.items())
    worker.kept["shares"] = sides[worker.side]
    worker.give("shares", sides[1 - worker.side])


def page_rank_reduce(worker):
    found = dict(worker.kept.pop("shares"))
    for key, share in worker.take("shares"):
        found[key] = add(found[key], share) if key in found else share
    worker.kept["ranks"] = {key: w.damped(rank) for key, rank in found.items()}
    return sum(worker.kept["ranks"].values())


def page_rank(pair, found):
    pair.both(page_rank_links, found)
    total = 0.0
    for _ in range(w.RANK_ITERATIONS):
        pair.both(page_rank_map)
        total = sum(pair.both(page_rank_reduce))
    return round(total, 6)


def make_blocks(worker):
    worker.kept["blocks"] = [w.block(index) for index in worker.half(w.BLOCKS)]


def prepare_blocks(pair, inputs):
    pair.both(make_blocks)


def k_means_step(worker, centres):
    found = [w.assigned(rows, centres) for rows in worker.kept["blocks"]]
    return sum(sums for sums, _ in found), sum(counts for _, counts in found)


def k_means(pair, prepared):
    centres = w.block(99)[: w.CENTRES]
    for _ in range(w.MEANS_ITERATIONS):
        first, second = pair.both(k_means_step, centres)
        centres = w.moved(centres, first[0] + second[0], first[1] + second[1])
    return round(float(centres.sum()), 6)


def make_records(worker):
    worker.kept["cached"] = list(map(w.small_tuple, worker.half(w.CACHED)))


def prepare_records(pair, inputs):
    pair.both(make_records)


def cached_pass_half(worker):
    keep = lambda pair: pair[1] % 2  # noqa: E731
    count = 0
    for pair in worker.kept["cached"]:
        if keep(pair):
            count += 1
    return count


def cached_pass(pair, prepared):
    return sum(pair.both(cached_pass_half))


def collect_tuples_half(worker):
    return [w.small_tuple(x) for x in worker.half(w.COLLECTED)]


def collect_tuples(pair, prepared):
    first, second = pair.both(collect_tuples_half)
    return len(first + second)


def collect_arrays_half(worker):
    return [w.array(index) for index in worker.half(w.ARRAYS)]


def collect_arrays(pair, prepared):
    return sum(float(found[-1]) for half in pair.both(collect_arrays_half) for found in half)


def pi_half(worker):
    return w.darts(worker.side, w.DARTS // 2)


def pi(pair, prepared):
    return sum(pair.both(pi_half))


def map_array(worker, path):
    import numpy

    worker.kept["array"] = numpy.load(path, mmap_mode="r")


def read_array(worker):
    return sum(float(worker.kept["array"][-1 - index]) for index in worker.half(8))


def share_array(pair, values):
    import numpy

    path = str(pair.folder / "array.npy")
    numpy.save(path, values)
    pair.both(map_array, path)
    os.unlink(path)


def broadcast_array(pair, values):
    share_array(pair, values)
    return sum(pair.both(read_array))


def prepare_array(pair, inputs):
    share_array(pair, w.large_array(None, inputs))


def broadcast_again(pair, prepared):
    return sum(pair.both(read_array))


def read_dict(worker, path):
    with open(path, "rb") as file:
        table = pickle.load(file)
    return sum(table[str(index)] for index in worker.half(8))


def broadcast_dict(pair, table):
    path = str(pair.folder / "dict")
    with open(path, "wb") as file:
        pickle.dump(table, file, 5)
    total = sum(pair.both(read_dict, path))
    os.unlink(path)
    return total


def count_objects(worker, objects):
    return len(objects)


def parallelize(pair, objects):
    middle = len(objects) // 2
    return sum(pair.each(count_objects, objects[:middle], objects[middle:]))


def wide_shuffle_map(worker):
    width = w.WIDE
    size = w.WIDE_RECORDS // width
    buckets: list[list[Any]] = [[] for _ in range(width)]
    for part in worker.half(width):
        for record in map(w.wide_pair, range(part * size, (part + 1) * size)):
            buckets[hash(record[0]) % width].append(record)
    middle = width // 2
    halves = buckets[:middle], buckets[middle:]
    worker.kept["buckets"] = halves[worker.side]
    worker.give("buckets", halves[1 - worker.side])


def wide_shuffle_reduce(worker):
    both = zip(worker.kept.pop("buckets"), worker.take("buckets"), strict=True)
    return sum(len(mine + theirs) for mine, theirs in both)


def wide_shuffle(pair, prepared):
    pair.both(wide_shuffle_map)
    return sum(pair.both(wide_shuffle_reduce))


def union_half(worker):
    return sum(len(range(10)) for _ in worker.half(w.UNIONS))


def union(pair, prepared):
    return sum(pair.both(union_half))


def chained_maps_half(worker):
    increment, total = w.increment, 0
    for x in worker.half(w.CHAIN_RECORDS):
        for _ in range(w.CHAINED):
            x = increment(x)
        total += x
    return total


def chained_maps(pair, prepared):
    return sum(pair.both(chained_maps_half))


FLOORS = {
    "count": count,
    "collect": collect,
    "shuffle": shuffle,
    "empty_tasks_1000": empty_tasks(1_000),
    "empty_tasks_10000": empty_tasks(10_000),
    "map_filter_sum": map_filter_sum,
    "word_count": word_count,
    "reduce_by_key": reduce_by_key,
    "sort_by_key": sort_by_key,
    "group_by_key": group_by_key,
    "join": join,
    "distinct": distinct,
    "page_rank": page_rank,
    "k_means": k_means,
    "cached_pass": cached_pass,
    "collect_tuples": collect_tuples,
    "collect_arrays": collect_arrays,
    "pi": pi,
    "broadcast_array": broadcast_array,
    "broadcast_again": broadcast_again,
    "broadcast_dict": broadcast_dict,
    "parallelize": parallelize,
    "wide_shuffle": wide_shuffle,
    "union": union,
    "chained_maps": chained_maps,
}

#: Preparations of its own; others are the workload's, called with the pair in place of a context.
PREPARE = {
    "count": w.nothing,
    "collect": w.nothing,
    "k_means": prepare_blocks,
    "cached_pass": prepare_records,
    "broadcast_again": prepare_array,
}
