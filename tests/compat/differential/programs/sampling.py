"""Random choices with a seed come out element by element as PySpark's."""

from __future__ import annotations

from compat.differential.registry import layout, program


@program
def sample_without_replacement(sc):
    numbers = sc.parallelize(range(100), 4)
    return {
        (fraction, seed): numbers.sample(False, fraction, seed).collect()
        for fraction in (0.0, 0.1, 0.5, 1.0)
        for seed in (0, 17, 2**31, -5)
    }


@program
def sample_with_replacement(sc):
    numbers = sc.parallelize(range(40), 2)
    return {
        (fraction, seed): numbers.sample(True, fraction, seed).collect()
        for fraction in (0.1, 0.5, 1.0, 3.0, 25.0)
        for seed in (1, 17)
    }


@program
def sample_of_uneven_partitions(sc):
    rdd = sc.parallelize(range(60), 5).filter(lambda x: x % 7)
    return layout(rdd.sample(False, 0.3, 3)), layout(rdd.sample(True, 0.7, 3))


@program
def sample_by_key(sc):
    pairs = sc.parallelize([(key, x) for x in range(100) for key in "ab"], 3)
    fractions = {"a": 0.2, "b": 0.1}
    return pairs.sampleByKey(False, fractions, 2).collect(), pairs.sampleByKey(
        True, fractions, 2
    ).collect()


@program
def random_split(sc):
    numbers = sc.parallelize(range(50), 3)
    return (
        [layout(part) for part in numbers.randomSplit([1, 2], 7)],
        [part.collect() for part in numbers.randomSplit([0.2, 0.3, 0.5], 17)],
        [part.collect() for part in numbers.randomSplit([5, 0, 5], 1)],
    )


@program
def take_sample(sc):
    numbers = sc.parallelize(range(100), 4)
    return {
        (replaced, count, seed): numbers.takeSample(replaced, count, seed)
        for replaced in (False, True)
        for count in (0, 1, 5, 20, 150)
        for seed in (1, 5)
    }


@program
def take_sample_of_few_and_none(sc):
    return (
        sc.parallelize([7], 3).takeSample(False, 3, 1),
        sc.parallelize([], 2).takeSample(False, 3, 1),
        sc.parallelize([7, 8], 1).takeSample(True, 4, 1),
    )


@program
def sample_without_seed_has_sound_size(sc):
    count = sc.parallelize(range(10_000), 4).sample(False, 0.5).count()
    return 4500 < count < 5500


@program
def samples_of_floats_and_strings(sc):
    return (
        sc.parallelize([x / 3 for x in range(30)], 3).sample(False, 0.3, 11).collect(),
        sc.parallelize([chr(97 + x) for x in range(26)], 2).takeSample(False, 6, 4),
    )
