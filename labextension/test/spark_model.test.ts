import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { chooseDriver } from '../src/model/follow';
import { SparkModel } from '../src/model/spark_model';
import { PAGE, TaskPages } from '../src/model/task_pages';
import { FakeServer, driver, job, settled, snapshot } from './fakes';

let server: FakeServer;
let model: SparkModel;
const view = {};

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  model = new SparkModel(server.request);
});

afterEach(() => {
  model.dispose();
  vi.useRealTimers();
});

async function listing(...drivers: ReturnType<typeof driver>[]): Promise<void> {
  const asked = server.asked.filter(each => each.path === 'drivers').at(-1)!;
  asked.answer({ drivers, version: String(server.asked.length) });
  await settled();
}

describe('asking', () => {
  it('begins when a view comes into sight, and ends with the last one', async () => {
    expect(server.asked).toHaveLength(0);

    model.setVisible(view, true);
    await listing(driver('d1'));
    expect(server.ofDrivers.map(each => each.path)).toEqual([
      'drivers/d1/snapshot'
    ]);
    model.setVisible(view, false);

    const before = server.asked.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.asked).toHaveLength(before);
    expect(server.asked.every(each => each.options.signal?.aborted)).toBe(true);
  });

  it('shows what was known until it has asked again', async () => {
    model.setVisible(view, true);
    await listing(driver('d1'));
    server.latest.answer({
      seq: 1,
      life: 'a',
      snapshot: snapshot({ jobs: [job(1)] })
    });
    await settled();
    model.setVisible(view, false);

    expect(model.snapshot?.jobs).toHaveLength(1);
    model.setVisible(view, true);
    expect(model.snapshot?.jobs).toHaveLength(1);
  });

  it('says when the server knows nothing of us', async () => {
    model.setVisible(view, true);
    server.last.refuse(404);
    await settled();

    expect(model.serverMissing).toBe(true);
  });
});

describe('orders', () => {
  beforeEach(async () => {
    model.setVisible(view, true);
    await listing(driver('d1'));
    const state = snapshot({
      jobs: [job(1), job(2), job(3, { status: 'SUCCEEDED' })]
    });
    server.latest.answer({ seq: 1, life: 'a', snapshot: state });
    await settled();
  });

  it.each([
    ['job', 7, 'jobs/7/kill'],
    ['stage', 7, 'stages/7/kill'],
    ['task', 7, 'tasks/7/kill'],
    ['executor', '2', 'executors/2/kill'],
    ['group', '..', 'jobGroups/kill'],
    ['application', '', 'kill']
  ] as const)('to kill a %s go to its route', async (scope, target, path) => {
    void model.kill(scope, target);

    const last = server.latest;
    expect(last.path).toBe(`drivers/d1/${path}`);
    expect(last.options.method).toBe('POST');
    expect(last.options.body).toMatchObject({ who: 'JupyterLab' });
  });

  it('to kill a group name it where no path can swallow it', () => {
    void model.kill('group', '..');

    expect(server.latest.options.body).toMatchObject({ group: '..' });
  });

  it('to kill a cell mean its group, future jobs too, and jobs of other groups', () => {
    const cell = { id: 'a', prompt: 3 };
    void model.killCell([
      job(1, { cell, jobGroup: 'In[3]' }),
      job(2, { cell, jobGroup: 'In[3]' }),
      job(3, { cell, jobGroup: 'mine' })
    ]);

    const [group, other] = server.ofDrivers.slice(-2);
    expect(group.path).toBe('drivers/d1/jobGroups/kill');
    expect(group.options.body).toMatchObject({ group: 'In[3]' });
    expect(group.options.query).toEqual({ future: true });
    expect(other.path).toBe('drivers/d1/jobs/3/kill');
  });

  it('that were carried out from outside are reported', async () => {
    const report = {
      from: 'outside',
      result: 'killed',
      scope: 'job',
      target: '1',
      ended: [],
      left: [],
      sharedTasks: [],
      driverInterrupted: true,
      driverLives: true,
      tookMs: 2100
    };
    const told = model.kill('job', 1);
    server.latest.answer(report);

    expect(await told).toBe(true);
    expect(model.notice).toMatchObject({ failed: false, report });
  });

  it('change nothing before the driver tells of it', async () => {
    void model.kill('job', 1);
    server.latest.answer({ result: 'killing' });
    await settled();

    expect(model.snapshot?.jobs[0].killState).toBeUndefined();
  });

  it('that are refused are told', async () => {
    const told = model.kill('job', 3);
    server.latest.refuse(409, { error: 'Job 3 has ended already.' });

    expect(await told).toBe(false);
    expect(model.notice).toEqual({
      text: 'Job 3 has ended already.',
      failed: true
    });
  });

  it('to kill the newest, or all, mean what runs', async () => {
    void model.killNewest();
    expect(server.latest.path).toBe('drivers/d1/jobs/2/kill');

    void model.killAll();
    expect(server.ofDrivers.slice(-2).map(each => each.path)).toEqual([
      'drivers/d1/jobs/2/kill',
      'drivers/d1/jobs/1/kill'
    ]);
  });
});

describe('the driver that is shown', () => {
  const ada = driver('d1', { kernelId: 'k1' });
  const bob = driver('d2', { kernelId: 'k2' });
  const shell = driver('d3');

  it.each([
    [
      'follows the notebook in front',
      { pinned: null, current: bob, kernelId: 'k1' },
      'd1'
    ],
    [
      'stays with the pinned one',
      { pinned: 'd3', current: ada, kernelId: 'k1' },
      'd3'
    ],
    [
      'stays where no notebook is in front',
      { pinned: null, current: bob, kernelId: null },
      'd2'
    ],
    [
      'is none for a notebook that has none',
      { pinned: null, current: bob, kernelId: 'x' },
      undefined
    ],
    [
      'is the newest at first',
      { pinned: null, current: null, kernelId: null },
      'd3'
    ]
  ])('%s', (_, choice, id) => {
    expect(chooseDriver([ada, bob, shell], choice)?.id).toBe(id);
  });

  it('stays when it has gone, while its notebook is in front', () => {
    const choice = { pinned: null, current: ada, kernelId: 'k1' };

    expect(chooseDriver([bob], choice)).toBe(ada);
    expect(chooseDriver([bob], { ...choice, kernelId: null })).toBe(bob);
  });

  it('is asked again when it has come back after its end', async () => {
    model.setVisible(view, true);
    await listing(ada);
    const list = () =>
      server.asked.filter(each => each.path === 'drivers').at(-1)!;
    list().answer({ drivers: [], version: 'none' });
    await settled();
    server.latest.refuse(410);
    await settled();
    expect(model.connection.state).toBe('gone');

    list().answer({ drivers: [ada], version: 'again' });
    await settled();
    server.latest.answer({ seq: 1, life: 'b', snapshot: snapshot() });
    await settled();
    expect(model.connection.state).toBe('answers');
  });

  it('is stayed with only while it lives', async () => {
    model.setVisible(view, true);
    await listing(ada, bob);
    model.pin('d1');
    expect(model.pinned).toBe(true);

    await listing(bob);

    expect(model.pinned).toBe(false);
    model.pin('d2');
    expect(model.pinned).toBe(true);
  });

  it('is no longer there when a notebook without one comes to the front', async () => {
    model.setVisible(view, true);
    await listing(ada, bob);
    expect(model.driver?.id).toBe('d2');
    model.setKernel('x');

    expect(model.driver).toBeNull();
    expect(model.snapshot).toBeNull();
    expect(server.latest.options.signal?.aborted).toBe(true);
    model.pin('d1');
    expect(model.driver?.id).toBe('d1');
  });

  it('is asked for when it is another one, and the other no more', async () => {
    model.setVisible(view, true);
    model.setKernel('k1');
    await listing(ada, bob);
    model.setKernel('k2');

    const [first, second] = server.ofDrivers;
    expect(first.options.signal?.aborted).toBe(true);
    expect(second.path).toBe('drivers/d2/snapshot');
  });
});

describe('pages of tasks', () => {
  it('are asked for when they come into sight, once', async () => {
    const pages = new TaskPages(server.request, 'tasks', 'ID', () => undefined);
    pages.show(5000, 5030);
    pages.show(5000, 5030);

    expect(server.asked.map(each => each.options.query?.offset)).toEqual([
      0, 5000
    ]);
    server.last.answer(
      Array.from({ length: PAGE }, (_, i) => ({ taskId: 5000 + i }))
    );
    await settled();
    expect(pages.at(5007)?.taskId).toBe(5007);
    expect(pages.at(6000)).toBeUndefined();
    pages.close();
  });

  it('are read once more when the stage has ended, those out of sight when they come', async () => {
    const pages = new TaskPages(server.request, 'tasks', 'ID', () => undefined);
    pages.setActive(true);
    server.last.answer([{ taskId: 0, status: 'RUNNING' }]);
    await settled();
    pages.show(100, 110);
    const late = server.last;
    pages.setActive(false);
    late.answer([{ taskId: 100, status: 'RUNNING' }]);
    await settled();
    server.last.answer([{ taskId: 100, status: 'SUCCESS' }]);
    await settled();
    expect(pages.at(100)?.status).toBe('SUCCESS');

    pages.show(0, 10);
    server.last.answer([{ taskId: 0, status: 'SUCCESS' }]);
    await settled();
    expect(pages.at(0)?.status).toBe('SUCCESS');
    const asked = server.asked.length;
    pages.show(0, 10);
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.asked).toHaveLength(asked);
    pages.close();
  });

  it('keep their order under a hand that is about to click', async () => {
    const pages = new TaskPages(
      server.request,
      't',
      '-runtime',
      () => undefined
    );
    const ids = () => [0, 1, 2].map(row => pages.at(row)?.taskId);
    const task = (taskId: number, status = 'RUNNING') => ({ taskId, status });
    pages.setActive(true);
    server.last.answer([task(1), task(2)]);
    await settled();
    pages.hold(true);
    await vi.advanceTimersByTimeAsync(1000);
    server.last.answer([task(2, 'KILLED'), task(3), task(1)]);
    await settled();
    expect(ids()).toEqual([1, 2, 3]);
    expect(pages.at(1)?.status).toBe('KILLED');

    pages.hold(false);
    await vi.advanceTimersByTimeAsync(1000);
    server.last.answer([task(3), task(2)]);
    await settled();
    expect(ids()).toEqual([3, 2, undefined]);
    pages.close();
  });

  it('in sight are read anew while the stage is active', async () => {
    const pages = new TaskPages(server.request, 'tasks', 'ID', () => undefined);
    pages.setActive(true);
    server.last.answer([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.asked).toHaveLength(2);

    pages.close();
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.asked).toHaveLength(2);
  });
});
