"""What a function remembers: each task begins with what the driver had at the action."""

from __future__ import annotations

import itertools
import random
from collections import Counter

from compat.differential.registry import layout, program


@program
def a_set_in_a_closure_is_every_tasks_own(sc):
    seen = set()

    def is_first(x):
        if x in seen:
            return False
        seen.add(x)
        return True

    return layout(sc.parallelize([1, 2] * 8, 8).filter(is_first)), seen


@program
def random_numbers_begin_anew_in_each_task(sc):
    numbers = random.Random(42)
    return sc.parallelize(range(8), 4).map(lambda _: numbers.random()).glom().collect()


@program
def iterators_and_defaults_begin_anew_in_each_task(sc):
    counter = itertools.count()

    def gather(x, so_far=[]):  # noqa: B006  # the point of it
        so_far.append(x)
        return len(so_far)

    rdd = sc.parallelize(range(12), 6)
    return layout(rdd.map(lambda _: next(counter))), layout(rdd.map(gather))


CALLS = 0


@program
def a_global_that_a_function_counts_in_is_every_tasks_own(sc):
    def count_calls(x):
        global CALLS
        CALLS += 1
        return x, CALLS

    count_calls.__module__ = "__main__"  # travels by value, as a notebook's functions do
    return layout(sc.parallelize(range(8), 4).map(count_calls)), CALLS


class Words:
    def __init__(self):
        self.counts = Counter()

    def number(self, word):
        self.counts[word] += 1
        return self.counts[word]


@program
def an_object_that_counts_is_every_tasks_own(sc):
    words = Words()
    rdd = sc.parallelize(["a", "b", "a", "a"] * 4, 4)
    return layout(rdd.map(words.number)), dict(words.counts)


@program
def reducing_functions_forget_too(sc):
    calls = []

    def plus(x, y):
        calls.append(x)
        return x + y + len(calls)

    pairs = sc.parallelize([(i % 3, i) for i in range(24)], 4)
    return sorted(pairs.reduceByKey(plus, 2).collect()), pairs.values().fold(0, plus), calls
