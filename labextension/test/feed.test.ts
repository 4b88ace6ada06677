import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { applyChanges } from '../src/model/changes';
import { Feed } from '../src/model/feed';
import { FakeServer, job, settled, snapshot, stage } from './fakes';

let server: FakeServer;
let changes: number;
let feed: Feed;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  changes = 0;
  feed = new Feed(server.request, 'd1', () => changes++);
});

afterEach(() => {
  feed.close();
  vi.useRealTimers();
});

async function knowing(more = {}): Promise<void> {
  server.last.answer({ seq: 7, life: 'a', snapshot: snapshot(more) });
  await settled();
}

it('asks for a snapshot, then for what changes after it', async () => {
  await knowing({ jobs: [job(1)] });

  expect(feed.connection.state).toBe('answers');
  expect(server.last.path).toBe('drivers/d1/changes');
  expect(server.last.options.query).toMatchObject({ since: 7, life: 'a' });
});

it('puts changes into what it knows', async () => {
  await knowing({ jobs: [job(1)] });
  server.last.answer({
    seq: 9,
    life: 'a',
    changes: [{ kind: 'job', key: '1', row: job(1, { status: 'SUCCEEDED' }) }]
  });
  await settled();

  expect(feed.snapshot?.jobs[0].status).toBe('SUCCEEDED');
  expect(server.last.options.query).toMatchObject({ since: 9 });
});

it('draws nothing anew when nothing has changed', async () => {
  await knowing();
  const before = changes;
  server.last.answer({ seq: 7, life: 'a', changes: [] });
  await settled();

  expect(changes).toBe(before);
});

it('takes a new snapshot of another life', async () => {
  await knowing({ jobs: [job(1)] });
  server.last.answer({ seq: 1, life: 'b', snapshot: snapshot() });
  await settled();

  expect(feed.snapshot?.jobs).toEqual([]);
  expect(server.last.options.query).toMatchObject({ since: 1, life: 'b' });
});

it('keeps what it knows while the driver is silent, and says since when', async () => {
  vi.setSystemTime(100_000);
  await knowing({ jobs: [job(1)] });
  server.last.refuse(504, { ageS: 6 });
  await settled();

  expect(feed.connection).toEqual({ state: 'silent', since: 94_000 });
  expect(feed.snapshot?.jobs).toHaveLength(1);
});

it('shows what the server knew last, if it knows nothing itself', async () => {
  server.last.refuse(504, { ageS: 6, snapshot: snapshot({ jobs: [job(4)] }) });
  await settled();

  expect(feed.snapshot?.jobs[0].jobId).toBe(4);
});

it('asks again after a while, and later the longer it fails', async () => {
  server.last.refuse(0);
  await settled();
  expect(feed.connection.state).toBe('offline');
  await vi.advanceTimersByTimeAsync(250);
  expect(server.asked).toHaveLength(2);

  server.last.refuse(0);
  await vi.advanceTimersByTimeAsync(250);
  expect(server.asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(250);
  expect(server.asked).toHaveLength(3);
});

it('asks at once when an order was given meanwhile', async () => {
  server.last.refuse(504, { ageS: 3 });
  await settled();
  feed.hurry();
  await settled();

  expect(server.asked).toHaveLength(2);
});

it.each([404, 410])('stops asking a driver that is gone: %i', async status => {
  server.last.refuse(status);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(feed.connection.state).toBe('gone');
  expect(server.asked).toHaveLength(1);
});

it('asks one that seemed to be gone again while it is listed', async () => {
  feed.close();
  let listed = true;
  feed = new Feed(
    server.request,
    'd1',
    () => changes++,
    () => listed
  );
  server.last.refuse(410);
  await vi.advanceTimersByTimeAsync(2000);
  await knowing({ jobs: [job(1)] });
  expect(feed.connection.state).toBe('answers');

  listed = false;
  server.last.refuse(410);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(feed.ended).toBe(true);
});

it('remembers when it was first seen to be gone', async () => {
  vi.setSystemTime(100_000);
  feed.close();
  feed = new Feed(
    server.request,
    'd1',
    () => changes++,
    () => true
  );
  server.last.refuse(410);
  await vi.advanceTimersByTimeAsync(2000);
  server.last.refuse(410);
  await settled();

  expect(feed.connection).toEqual({ state: 'gone', since: 100_000 });
});

it('drops an answer that comes after its end', async () => {
  const { answer } = server.last;
  feed.close();
  answer({ seq: 1, life: 'a', snapshot: snapshot() });
  await settled();

  expect(feed.snapshot).toBeNull();
  expect(changes).toBe(0);
});

it('a change replaces, adds or forgets one row and leaves other lists alone', () => {
  const before = snapshot({ jobs: [job(1), job(2)], stages: [stage(1)] });

  const after = applyChanges(before, [
    { kind: 'job', key: '1', row: null },
    { kind: 'job', key: '3', row: job(3) },
    { kind: 'stage', key: '1.0', row: stage(1, { status: 'COMPLETE' }) },
    { kind: 'stage', key: '1.1', row: stage(1, { attemptId: 1 }) }
  ]);

  expect(after.jobs.map(each => each.jobId)).toEqual([2, 3]);
  expect(after.stages.map(each => each.status)).toEqual(['COMPLETE', 'ACTIVE']);
  expect(after.executors).toBe(before.executors);
  expect(before.jobs).toHaveLength(2);
});
