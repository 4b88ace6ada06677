/** Facts that several views draw from rows: states, counts, groups. Text is made in `views/`. */

import {
  ICell,
  IExecutor,
  IJob,
  IKillCard,
  IKilledTask,
  ISnapshot,
  IStage
} from './rows';

/** The states of a job, the same everywhere. */
export type State =
  'waiting' | 'running' | 'killing' | 'killed' | 'failed' | 'done' | 'skipped';

/** After this time a kill that has not ended says where it hangs; the driver looks then too. */
export const STUBBORN_MS = 1000;

export function jobState(job: IJob): State {
  switch (job.status) {
    case 'SUCCEEDED':
      return 'done';
    case 'FAILED':
      return job.killState === 'KILLING'
        ? 'killing'
        : job.killState === 'KILLED'
          ? 'killed'
          : 'failed';
    default:
      if (job.killState === 'KILLING') {
        return 'killing';
      }
      return job.numActiveTasks + job.numCompletedTasks > 0
        ? 'running'
        : 'waiting';
  }
}

export function stageState(stage: IStage): State {
  switch (stage.status) {
    case 'COMPLETE':
      return 'done';
    case 'SKIPPED':
      return 'skipped';
    case 'PENDING':
      return 'waiting';
    case 'FAILED':
      return stage.zombieTasks
        ? 'killing'
        : stage.numKilledTasks > 0 && stage.numFailedTasks === 0
          ? 'killed'
          : 'failed';
    default:
      return stage.numActiveTasks + stage.numCompleteTasks > 0
        ? 'running'
        : 'waiting';
  }
}

export function taskState(status: string, killing = false): State {
  if (killing && status === 'RUNNING') {
    return 'killing';
  }
  switch (status) {
    case 'SUCCESS':
      return 'done';
    case 'FAILED':
      return 'failed';
    case 'KILLED':
      return 'killed';
    default:
      return 'running';
  }
}

/** Whether something still happens in it. */
export function isActive(state: State): boolean {
  return state === 'waiting' || state === 'running' || state === 'killing';
}

/** What a bar shows; `total` counts neither skipped tasks nor retries. */
export interface IProgress {
  done: number;
  running: number;
  failed: number;
  total: number;
}

export function jobProgress(job: IJob): IProgress {
  return {
    done: job.numCompletedTasks,
    running: job.numActiveTasks,
    failed: job.numFailedTasks,
    total: Math.max(job.numTasks - job.numSkippedTasks, 0)
  };
}

export function stageProgress(stage: IStage): IProgress {
  return {
    done: stage.numCompleteTasks,
    running: stage.numActiveTasks,
    failed: stage.numFailedTasks,
    total: stage.numTasks
  };
}

export function summed(parts: IProgress[]): IProgress {
  const sum = { done: 0, running: 0, failed: 0, total: 0 };
  for (const part of parts) {
    sum.done += part.done;
    sum.running += part.running;
    sum.failed += part.failed;
    sum.total += part.total;
  }
  return sum;
}

/** How many attempts of its tasks there have been. */
export function launchedTasks(stage: IStage): number {
  return (
    stage.numActiveTasks +
    stage.numCompleteTasks +
    stage.numFailedTasks +
    stage.numKilledTasks
  );
}

/** Jobs of one cell's run, or one job that belongs to none. */
export interface IJobGroup {
  key: string;
  cell: ICell | null;
  jobs: IJob[];
}

/** What the list of jobs shows: what runs first, then the newest that ended. */
export interface IJobList {
  groups: IJobGroup[];
  /** How many are not shown. */
  more: number;
}

export function jobList(snapshot: ISnapshot, finishedShown: number): IJobList {
  const newestFirst = [...snapshot.jobs].sort((a, b) => b.jobId - a.jobId);
  const active = newestFirst.filter(job => isActive(jobState(job)));
  const ended = newestFirst.filter(job => !isActive(jobState(job)));
  const shown = [...active, ...ended.slice(0, finishedShown)];
  return {
    groups: grouped(shown),
    more:
      ended.length -
      Math.min(ended.length, finishedShown) +
      (snapshot.omitted.jobs ?? 0)
  };
}

/** Jobs of the same run of a cell stand together, where the first of them stands. */
function grouped(jobs: IJob[]): IJobGroup[] {
  const groups = new Map<string, IJobGroup>();
  for (const job of jobs) {
    const key = job.cell ? cellKey(job.cell) : `job ${job.jobId}`;
    const group = groups.get(key);
    if (group) {
      group.jobs.push(job);
    } else {
      groups.set(key, { key, cell: job.cell ?? null, jobs: [job] });
    }
  }
  return [...groups.values()];
}

/** Whether its group is the one that cells give to jobs without any. */
export function hasCellsGroup(job: IJob): boolean {
  return !!job.cell && job.jobGroup === `In[${job.cell.prompt}]`;
}

export function cellKey(cell: ICell): string {
  return `${cell.id} ${cell.prompt}`;
}

export function activeJobs(snapshot: ISnapshot | null): IJob[] {
  return (snapshot?.jobs ?? [])
    .filter(job => isActive(jobState(job)))
    .sort((a, b) => b.jobId - a.jobId);
}

/** Stages of a job that the driver still knows, newest attempts first among equals. */
export function stagesOf(snapshot: ISnapshot, job: IJob): IStage[] {
  const ids = new Set(job.stageIds);
  return snapshot.stages
    .filter(stage => ids.has(stage.stageId))
    .sort((a, b) => a.stageId - b.stageId || a.attemptId - b.attemptId);
}

/** Active jobs that would fail with this stage. */
export function jobsOfStage(snapshot: ISnapshot, stage: IStage): IJob[] {
  return activeJobs(snapshot)
    .filter(job => job.stageIds.includes(stage.stageId))
    .sort((a, b) => a.jobId - b.jobId);
}

/** The newest kill that meant this job. */
export function killOf(snapshot: ISnapshot, job: IJob): IKillCard | null {
  const cards = snapshot.kills.filter(card => card.jobs.includes(job.jobId));
  return cards.reduce<IKillCard | null>(
    (newest, card) => (newest && newest.at > card.at ? newest : card),
    null
  );
}

/** Tasks that do not stop although somebody asked for it a while ago. */
export function stubborn(card: IKillCard, now: number): IKilledTask[] {
  return card.tasks.filter(
    task =>
      (task.endedAfterMs === undefined || task.endedAfterMs === null) &&
      (task.lastStack?.length || now - card.at >= STUBBORN_MS)
  );
}

/** How long a forced end took, if one was needed. */
export function forcedAfterMs(card: IKillCard): number | null {
  const times = card.tasks
    .filter(task => task.forced)
    .map(task => task.endedAfterMs ?? 0);
  return times.length ? Math.max(...times) : null;
}

export function executorsOf(snapshot: ISnapshot): IExecutor[] {
  return snapshot.executors
    .filter(executor => executor.id !== 'driver')
    .sort((a, b) => Number(a.id) - Number(b.id));
}
