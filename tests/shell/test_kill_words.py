import pytest

from pyspark_shell.rest.port import KillOrder, Refusal
from pyspark_shell.shell.kill_words import NotUnderstood, kill, killed_job_ids, parse

ORDER = KillOrder("too slow", "%kill")


class FakeEngine:
    """Notes the orders; job 9 ends just before it is killed."""

    def __init__(self):
        self.orders = []

    def jobs(self, statuses):
        assert statuses == ("RUNNING",)
        return [{"jobId": 9}, {"jobId": 7}]

    def kill_job(self, job_id, order):
        if job_id == 9:
            raise Refusal(409, "job 9 has ended already: SUCCEEDED")
        return self._note("job", job_id, order, jobId=job_id)

    def kill_stage(self, stage_id, order):
        return self._note("stage", stage_id, order, jobIds=[3, 1])

    def kill_task(self, task_id, order):
        return self._note("task", task_id, order, taskId=task_id)

    def kill_job_group(self, group, order):
        return self._note("group", group, order, jobIds=[5])

    def kill_tag(self, tag, order):
        return self._note("tag", tag, order, jobIds=[])

    def kill_executor(self, executor_id, order):
        return self._note("executor", executor_id, order, executorId=executor_id)

    def kill_application(self, order):
        return self._note("app", "", order, jobIds=[])

    def _note(self, scope, target, order, **answer):
        assert order is ORDER
        self.orders.append((scope, target))
        return answer


@pytest.mark.parametrize(
    ("words", "order", "job_ids"),
    [
        ("7", ("job", 7), [7]),
        ("#7", ("job", 7), [7]),
        ("job 7", ("job", 7), [7]),
        ("stage 3", ("stage", 3), [1, 3]),
        ("task 12", ("task", 12), []),
        ("group my nightly run", ("group", "my nightly run"), [5]),
        ("tag big", ("tag", "big"), []),
        ("executor 2", ("executor", "2"), []),
        ("app", ("app", ""), []),
        ("application", ("app", ""), []),
        ("all", ("job", 7), [7]),
    ],
)
def test_words_become_one_order(words, order, job_ids):
    engine = FakeEngine()

    answers = kill(engine, *parse(words.split()), ORDER)

    assert engine.orders == [order]
    assert killed_job_ids(answers) == job_ids


@pytest.mark.parametrize("words", ["", "foo", "stage", "all 7", "app now", "job 7 8"])
def test_what_names_nothing_is_told_with_the_usage(words):
    with pytest.raises(NotUnderstood, match="executor ID"):
        kill(FakeEngine(), *parse(words.split()), ORDER)


def test_a_stage_is_a_number():
    with pytest.raises(NotUnderstood, match="stage must be a number, got 'x'"):
        kill(FakeEngine(), *parse(["stage", "x"]), ORDER)
