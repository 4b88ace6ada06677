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
        """Describe the jobs that this thread submits from now on.

        Parameters
        ----------
        value
            Text for people; None: no description.

        Examples
        --------
        >>> sc.setJobDescription("totals of yesterday")
        >>> sc.getLocalProperty("spark.job.description")
        'totals of yesterday'
        >>> sc.setJobDescription(None)
        """
        self.setLocalProperty(JOB_DESCRIPTION, value)

    def setInterruptOnCancel(self, interruptOnCancel: bool) -> None:
        """Choose whether cancelling this thread's jobs interrupts their tasks at once.

        Parameters
        ----------
        interruptOnCancel
            If not, a cancelled task first gets a moment to see by itself that it should end.

        Examples
        --------
        >>> sc.setInterruptOnCancel(True)
        >>> sc.getLocalProperty("spark.job.interruptOnCancel")
        'true'
        >>> sc.setInterruptOnCancel(False)
        """
        self.setLocalProperty(JOB_INTERRUPT_ON_CANCEL, "true" if interruptOnCancel else "false")

    # Tags -------------------------------------------------------------------------

    def addJobTag(self, tag: str) -> None:
        """Tag the jobs that this thread submits from now on.

        Parameters
        ----------
        tag
            Any text without commas; a job may have several.

        Raises
        ------
        IllegalArgumentException
            It is empty or has a comma.

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
        """Take a tag off; nothing happens if it was not there.

        Parameters
        ----------
        tag
            As `addJobTag` was told it.

        Raises
        ------
        IllegalArgumentException
            It can be no tag.

        Examples
        --------
        >>> sc.addJobTag("slow")
        >>> sc.removeJobTag("slow")
        >>> sc.getJobTags()
        set()
        """
        _check_tag(tag)
        self._set_tags([other for other in self._tags() if other != tag])

    def getJobTags(self) -> set[str]:
        """The tags of this thread.

        Examples
        --------
        >>> sc.addJobTag("slow")
        >>> sc.addJobTag("nightly")
        >>> sorted(sc.getJobTags())
        ['nightly', 'slow']
        >>> sc.clearJobTags()
        """
        return set(self._tags())

    def clearJobTags(self) -> None:
        """Take all tags of this thread off.

        Examples
        --------
        >>> sc.addJobTag("slow")
        >>> sc.clearJobTags()
        >>> sc.getJobTags()
        set()
        """
        self._set_tags([])

    def _tags(self) -> list[str]:
        joined = self.getLocalProperty(JOB_TAGS)
        return joined.split(",") if joined else []

    def _set_tags(self, tags: list[str]) -> None:
        self.setLocalProperty(JOB_TAGS, ",".join(tags) or None)

    # Ending -----------------------------------------------------------------------

    def cancelJobGroup(self, groupId: str, reason: str | None = None) -> None:
        """Cancel the active jobs of a group; their actions raise, other groups go on.

        Returns before the tasks have ended.

        Parameters
        ----------
        groupId
            As `setJobGroup` was told it; nothing happens if none of its jobs is active.
        reason
            Why, for the error that the jobs' actions raise.

        Examples
        --------
        >>> sc.cancelJobGroup("nightly", "the data of yesterday are not complete")
        """
        self._engine.jobs.cancel_group(groupId, reason)

    def cancelJobGroupAndFutureJobs(self, groupId: str, reason: str | None = None) -> None:
        """Cancel the active jobs of a group, and refuse every job that joins it later.

        Parameters
        ----------
        groupId
            As `setJobGroup` was, or will be, told it.
        reason
            Why, for the error that the jobs' actions raise.

        Examples
        --------
        >>> sc.cancelJobGroupAndFutureJobs("abandoned")
        >>> sc.setJobGroup("abandoned", None)
        >>> sc.parallelize([1, 2]).count()
        Traceback (most recent call last):
        pyspark_shell.common.errors.SparkJobCancelled: ...
        >>> sc.setJobGroup(None, None)
        """
        self._engine.jobs.cancel_group(groupId, reason, future=True)

    def cancelJobsWithTag(self, tag: str, reason: str | None = None) -> None:
        """Cancel the active jobs that have this tag.

        Parameters
        ----------
        tag
            As `addJobTag` was told it; nothing happens if no active job has it.
        reason
            Why, for the error that the jobs' actions raise.

        Raises
        ------
        IllegalArgumentException
            It can be no tag.

        Examples
        --------
        >>> sc.cancelJobsWithTag("slow", "wanted for something else")
        """
        _check_tag(tag)
        self._engine.jobs.cancel_with_tag(tag, reason)

    def cancelAllJobs(self) -> None:
        """Cancel every active job, of all threads; later ones run.

        Examples
        --------
        >>> sc.cancelAllJobs()
        >>> sc.parallelize([1, 2]).count()
        2
        """
        self._engine.jobs.cancel_all()

    def cancelJob(self, jobId: int, reason: str | None = None) -> None:
        """Cancel one job; nothing happens if it is not active.

        Parameters
        ----------
        jobId
            Its number, as `StatusTracker.getActiveJobsIds` tells it.
        reason
            Why, for the error that the jobs' actions raise.

        Examples
        --------
        >>> for job in sc.statusTracker().getActiveJobsIds():
        ...     sc.cancelJob(job, "all must go")
        """
        self._engine.jobs.cancel(jobId, reason)

    def cancelStage(self, stageId: int, reason: str | None = None) -> None:
        """Cancel every job that uses a stage; nothing happens if none is active.

        Parameters
        ----------
        stageId
            Its number, as `StatusTracker.getActiveStageIds` tells it.
        reason
            Why, for the error that the jobs' actions raise.

        Examples
        --------
        >>> for stage in sc.statusTracker().getActiveStageIds():
        ...     sc.cancelStage(stage)
        """
        self._engine.jobs.cancel_stage(stageId, reason)

    def killTaskAttempt(
        self,
        taskId: int,
        interruptThread: bool = True,
        reason: str = "killed via SparkContext.killTaskAttempt",
    ) -> bool:
        """Kill one attempt of a task, which is then tried again; False if no such attempt runs.

        Parameters
        ----------
        taskId
            Number of the attempt, as `TaskContext.taskAttemptId` tells it.
        interruptThread
            Whether it is interrupted at once instead of after a moment's grace.
        reason
            Why, for the status of the attempt.

        Examples
        --------
        >>> sc.killTaskAttempt(10**9)
        False
        """
        return self._engine.jobs.kill_task_attempt(taskId, interruptThread, reason)

    def addSparkListener(self, listener: Any) -> None:
        """Have `listener` told of what the application does, until that ends.

        Parameters
        ----------
        listener
            Any object; of Spark's `onJobStart`, `onJobEnd`, `onTaskEnd` and so on, those methods
            that it has are called with the event, one after another in a thread of their own. What
            they raise is logged.

        Examples
        --------
        >>> import threading
        >>> class Bell:
        ...     rang = threading.Event()
        ...     def onJobEnd(self, event):
        ...         self.rang.set()
        >>> sc.addSparkListener(Bell())
        >>> sc.parallelize([1, 2]).count()
        2
        >>> Bell.rang.wait(timeout=60)
        True
        """
        self._engine.add_listener(listener)


def _check_tag(tag: str | None) -> None:
    if tag is None:
        raise IllegalArgumentException("Spark job tag cannot be null.")
    if tag == "":
        raise IllegalArgumentException("Spark job tag cannot be an empty string.")
    if "," in tag:
        raise IllegalArgumentException("Spark job tag cannot contain ','.")
