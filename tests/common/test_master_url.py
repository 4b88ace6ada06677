import pytest

from pyspark_shell.common.errors import IllegalArgumentException
from pyspark_shell.common.master_url import available_cores, parse_master_url


@pytest.mark.parametrize(
    ("url", "executors", "cores", "failures"),
    [
        ("local", 1, 1, 1),
        ("local[3]", 1, 3, 1),
        ("local[3,2]", 1, 3, 2),
        ("local[3, 2]", 1, 3, 2),
        ("local[*]", 1, available_cores(), 1),
        ("local[*,4]", 1, available_cores(), 4),
        ("subproc[2]", 1, 2, 1),
        ("local-cluster[2,3,1024]", 2, 3, None),
    ],
)
def test_masters_that_run_here(url, executors, cores, failures):
    master = parse_master_url(url)

    assert (master.executors, master.cores_per_executor) == (executors, cores)
    assert master.max_failures == failures
    assert master.is_local == (executors == 1)


@pytest.mark.parametrize("url", ["foo", "local[x]", "local[-1]", "local[ 2 ]", "LOCAL", "simr://x"])
def test_other_masters_are_refused_in_sparks_words(url):
    with pytest.raises(IllegalArgumentException) as caught:
        parse_master_url(url)

    assert str(caught.value) == f"Could not parse Master URL: '{url}'"


def test_no_slots_at_all_are_refused():
    with pytest.raises(IllegalArgumentException, match="Asked to run locally with 0 threads"):
        parse_master_url("local[0]")


@pytest.mark.parametrize("url", ["spark://host:7077", "yarn", "k8s://https://host"])
def test_clusters_need_the_other_engine(url):
    with pytest.raises(IllegalArgumentException, match="--engine apache"):
        parse_master_url(url)
