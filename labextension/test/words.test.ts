import { describe, expect, it } from 'vitest';

import { IKillCard } from '../src/model/rows';
import {
  forcedAfterMs,
  isActive,
  jobList,
  jobProgress,
  jobState,
  jobsOfStage,
  killOf,
  stageState,
  stagesOf,
  stubborn,
  summed,
  taskState
} from '../src/model/words';
import { job, snapshot, stage } from './fakes';

function card(more: Partial<IKillCard> = {}): IKillCard {
  return {
    id: 1,
    scope: 'job',
    target: '7',
    who: 'JupyterLab',
    reason: '',
    at: 1000,
    jobs: [7],
    tasks: [],
    state: 'killing',
    ...more
  };
}

describe('the state of a job', () => {
  it.each([
    [{ numActiveTasks: 0, numCompletedTasks: 0 }, 'waiting'],
    [{}, 'running'],
    [{ status: 'SUCCEEDED' }, 'done'],
    [{ status: 'FAILED' }, 'failed'],
    [{ status: 'FAILED', killState: 'KILLING' }, 'killing'],
    [{ status: 'RUNNING', killState: 'KILLING' }, 'killing'],
    [{ status: 'FAILED', killState: 'KILLED' }, 'killed']
  ] as const)('%j is %s', (more, state) => {
    expect(jobState(job(1, more))).toBe(state);
  });

  it('is active until everything has ended', () => {
    expect(
      ['waiting', 'running', 'killing'].every(s => isActive(s as never))
    ).toBe(true);
    expect(['killed', 'failed', 'done'].some(s => isActive(s as never))).toBe(
      false
    );
  });
});

it('a stage that failed with killed tasks alone was killed', () => {
  expect(stageState(stage(1, { status: 'FAILED', numKilledTasks: 2 }))).toBe(
    'killed'
  );
  expect(
    stageState(
      stage(1, { status: 'FAILED', numKilledTasks: 2, zombieTasks: 1 })
    )
  ).toBe('killing');
  expect(stageState(stage(1, { status: 'FAILED', numFailedTasks: 4 }))).toBe(
    'failed'
  );
});

it('a task that is being killed and runs on is killing', () => {
  expect(taskState('RUNNING', true)).toBe('killing');
  expect(taskState('KILLED', true)).toBe('killed');
});

it('a bar counts no skipped tasks', () => {
  const parts = [
    jobProgress(job(1, { numSkippedTasks: 10 })),
    jobProgress(job(2))
  ];

  expect(summed(parts)).toEqual({ done: 28, running: 4, failed: 0, total: 50 });
});

describe('the list of jobs', () => {
  const done = (id: number) => job(id, { status: 'SUCCEEDED' });

  it('has what runs first, then the newest that ended', () => {
    const list = jobList(
      snapshot({
        jobs: [job(1), done(2), done(3), done(4)],
        omitted: { jobs: 5 }
      }),
      2
    );

    expect(list.groups.map(group => group.jobs[0].jobId)).toEqual([1, 4, 3]);
    expect(list.more).toBe(6);
  });

  it('keeps the jobs of one run of a cell together', () => {
    const first = { id: 'a', prompt: 3 };
    const again = { id: 'a', prompt: 4 };
    const list = jobList(
      snapshot({
        jobs: [
          job(1, { cell: first }),
          job(2, { cell: again }),
          job(3, { cell: first })
        ]
      }),
      20
    );

    expect(
      list.groups.map(group => group.jobs.map(each => each.jobId))
    ).toEqual([[3, 1], [2]]);
  });
});

it('a stage names the active jobs that would fail with it', () => {
  const state = snapshot({
    jobs: [
      job(1, { stageIds: [4] }),
      job(2, { stageIds: [4, 5] }),
      job(3, { stageIds: [4], status: 'SUCCEEDED' })
    ],
    stages: [stage(4), stage(5)]
  });

  expect(jobsOfStage(state, stage(4)).map(each => each.jobId)).toEqual([1, 2]);
  expect(stagesOf(state, state.jobs[1]).map(each => each.stageId)).toEqual([
    4, 5
  ]);
});

describe('a kill', () => {
  const tasks = [
    { taskId: 1, executorId: '0', pid: 11, forced: false, endedAfterMs: 40 },
    { taskId: 2, executorId: '1', pid: 12, forced: true, endedAfterMs: 2050 },
    { taskId: 3, executorId: '1', pid: 12, forced: false }
  ];

  it('of a job is told by its newest card', () => {
    const state = snapshot({
      kills: [card({ id: 1, at: 5 }), card({ id: 2, at: 9 })]
    });

    expect(killOf(state, job(7))?.id).toBe(2);
    expect(killOf(state, job(8))).toBeNull();
  });

  it('is stubborn after a while, where tasks have not ended', () => {
    const open = card({ tasks });

    expect(stubborn(open, 1900)).toEqual([]);
    expect(stubborn(open, 2000).map(task => task.taskId)).toEqual([3]);
  });

  it('is stubborn as soon as somebody has looked where a task hangs', () => {
    const seen = { ...tasks[2], lastStack: ['File "a.py", line 3, in spin'] };

    expect(
      stubborn(card({ tasks: [seen] }), 1100).map(task => task.taskId)
    ).toEqual([3]);
  });

  it('was forced if a process had to be ended', () => {
    expect(forcedAfterMs(card({ tasks }))).toBe(2050);
    expect(forcedAfterMs(card({ tasks: [tasks[0]] }))).toBeNull();
  });
});
