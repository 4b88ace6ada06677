"""The part of SparkContext that names jobs and ends them: groups, tags, descriptions, cancellation.

Thread  any of the user's; names are local properties of the calling thread, copied when a job
        starts.
"""

from __future__ import annotations

from typing import Any, Final

from pyspark_shell.api.context_base import ContextBase
from pyspark_shell.common.errors import IllegalArgumentException

JOB_GROUP_ID: Final = "spark.jobGroup.id"
JOB_DESCRIPTION: Final = "spark.job.description"
JOB_INTERRUPT_ON_CANCEL: Final = "spark.job.interruptOnCancel"
JOB_TAGS: Final = "spark.job.tags"


class JobControl(ContextBase):
    """Groups, tags and the verbs that cancel."""

    def setJobGroup(
        self, groupId: str | None, description: str | None, interruptOnCancel: bool = False
    ) -> None:
        """Name the group of the jobs that this thread submits from now on.

        Parameters
        ----------
        groupId
            Name for `cancelJobGroup` and the status tracker; None: no group.
        description
            Text for people, shown with each job.
        interruptOnCancel
            Whether a cancelled task is interrupted at once instead of after a moment's grace.

        Examples
        --------
        >>> sc.setJobGroup("nightly", "totals of yesterday")
        >>> sc.parallelize([1, 2]).count()
        2
        >>> sc.statusTracker().getJobIdsForGroup("nightly") == []
        False
        >>> sc.setJobGroup(None, None)
        """
        self.setLocalProperty(JOB_GROUP_ID, groupId)
        self.setLocalProperty(JOB_DESCRIPTION, description)
        self.setInterruptOnCancel(interruptOnCancel)

    def setJobDescription(self, value: str | None) -> None:
        """Describe the jobs that this thread submits from now on."""
        self.setLocalProperty(JOB_DESCRIPTION, value)

    def setInterruptOnCancel(self, interruptOnCancel: bool) -> None:
        """Choose whether cancelling this thread's jobs interrupts their tasks at once."""
        self.setLocalProperty(JOB_INTERRUPT_ON_CANCEL, "true" if interruptOnCancel else "false")

    # Tags -------------------------------------------------------------------------

    def addJobTag(self, tag: str) -> None:
        """Tag the jobs that this thread submits from now on.

        Examples
        --------
        >>> sc.addJobTag("slow")
        >>> sc.getJobTags()
        {'slow'}
        >>> sc.clearJobTags()
        """
        _check_tag(tag)
        tags = self._tags()
        if tag not in tags:
            self._set_tags([*tags, tag])

    def removeJobTag(self, tag: str) -> None:
        """Take a tag off; nothing happens if it was not there."""
        _check_tag(tag)
        self._set_tags([other for other in self._tags() if other != tag])

    def getJobTags(self) -> set[str]:
        """The tags of this thread."""
        return set(self._tags())

    def clearJobTags(self) -> None:
        """Take all tags of this thread off."""
        self._set_tags([])

    def _tags(self) -> list[str]:
        joined = self.getLocalProperty(JOB_TAGS)
        return joined.split(",") if joined else []

    def _set_tags(self, tags: list[str]) -> None:
        self.setLocalProperty(JOB_TAGS, ",".join(tags) or None)

    # Ending -----------------------------------------------------------------------

    def cancelJobGroup(self, groupId: str, reason: str | None = None) -> None:
        """Cancel the active jobs of a group; their actions raise, other groups go on."""
        self._engine.cancel_job_group(groupId, reason)

    def cancelJobGroupAndFutureJobs(self, groupId: str, reason: str | None = None) -> None:
        """Cancel the active jobs of a group, and refuse every job that joins it later."""
        self._engine.cancel_job_group(groupId, reason, future=True)

    def cancelJobsWithTag(self, tag: str, reason: str | None = None) -> None:
        """Cancel the active jobs that have this tag."""
        _check_tag(tag)
        self._engine.cancel_jobs_with_tag(tag, reason)

    def cancelAllJobs(self) -> None:
        """Cancel every active job."""
        self._engine.cancel_all_jobs()

    def cancelJob(self, jobId: int, reason: str | None = None) -> None:
        """Cancel one job; nothing happens if it is not active."""
        self._engine.cancel_job(jobId, reason)

    def cancelStage(self, stageId: int, reason: str | None = None) -> None:
        """Cancel every job that uses a stage; nothing happens if none is active."""
        self._engine.cancel_stage(stageId, reason)

    def killTaskAttempt(
        self,
        taskId: int,
        interruptThread: bool = True,
        reason: str = "killed via SparkContext.killTaskAttempt",
    ) -> bool:
        """Kill one attempt of a task, which is then tried again; False if no such attempt runs."""
        return self._engine.kill_task_attempt(taskId, interruptThread, reason)

    def addSparkListener(self, listener: Any) -> None:
        """Have `listener` told of what the application does, on the listener bus's thread."""
        self._engine.add_listener(listener)


def _check_tag(tag: str | None) -> None:
    if tag is None:
        raise IllegalArgumentException("Spark job tag cannot be null.")
    if tag == "":
        raise IllegalArgumentException("Spark job tag cannot be an empty string.")
    if "," in tag:
        raise IllegalArgumentException("Spark job tag cannot contain ','.")
