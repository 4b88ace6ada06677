"""With one seed, the samplers draw what PySpark's draw."""

from __future__ import annotations

import pickle
from itertools import chain

import pyspark.rddsampler as theirs
import pytest

import pyspark_shell.rddsampler as ours

SEEDS = [0, 17, 2**62 + 5]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 1, 1.0])
@pytest.mark.parametrize("split", [0, 3])
def test_sample_without_replacement(seed, fraction, split):
    expected = list(theirs.RDDSampler(False, fraction, seed).func(split, range(500)))

    assert list(ours.RDDSampler(False, fraction, seed).func(split, iter(range(500)))) == expected


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fraction", [0, 0.3, 2.5, 25.0])
def test_sample_with_replacement(seed, fraction):
    expected = list(theirs.RDDSampler(True, fraction, seed).func(1, range(200)))

    assert list(ours.RDDSampler(True, fraction, seed).func(1, iter(range(200)))) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_ranges_split_the_elements(seed):
    def parts(module):
        samplers = [module.RDDRangeSampler(a, b, seed) for a, b in ((0, 0.2), (0.2, 0.7), (0.7, 1))]
        return [list(sampler.func(2, iter(range(300)))) for sampler in samplers]

    assert parts(ours) == parts(theirs)
    assert sorted(chain.from_iterable(parts(ours))) == list(range(300))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("replace", [False, True])
def test_strata_have_their_own_fractions(seed, replace):
    fractions = {"a": 0.2, "b": 0.9, "c": 0.0}
    pairs = [("abc"[n % 3], n) for n in range(300)]
    expected = list(theirs.RDDStratifiedSampler(replace, fractions, seed).func(0, pairs))

    assert list(ours.RDDStratifiedSampler(replace, fractions, seed).func(0, pairs)) == expected


def test_stratum_without_a_fraction_is_an_error():
    with pytest.raises(KeyError, match="b"):
        list(ours.RDDStratifiedSampler(False, {"a": 1.0}, 1).func(0, [("b", 1)]))


def test_single_draws_are_those_of_pyspark():
    mine, spark = ours.RDDSamplerBase(True, 5), theirs.RDDSamplerBase(True, 5)
    for sampler in (mine, spark):
        sampler.initRandomGenerator(4)

    for mean in (0.5, 3.0, 30.0):
        assert mine.getPoissonSample(mean) == spark.getPoissonSample(mean)
        assert mine.getUniformSample() == spark.getUniformSample()


def test_sampler_without_a_seed_draws_the_same_wherever_it_travels():
    sampler = ours.RDDSampler(False, 0.5)

    copy = pickle.loads(pickle.dumps(sampler))

    assert list(copy.func(0, range(100))) == list(sampler.func(0, range(100)))


def test_draw_before_a_partition_is_named_is_an_error():
    with pytest.raises(RuntimeError, match="initRandomGenerator"):
        ours.RDDSamplerBase(False, 1).getUniformSample()


def test_sample_is_drawn_as_it_is_asked_for():
    def endless():
        n = 0
        while True:
            yield n
            n += 1

    for replace in (False, True):
        assert next(ours.RDDSampler(replace, 0.5, 1).func(0, endless())) >= 0
