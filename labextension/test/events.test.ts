import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Feed } from '../src/model/feed';
import { IEvent, eventsOf } from '../src/model/request';
import { FakeServer, FakeStreams, job, settled, snapshot } from './fakes';

describe('a body of events', () => {
  async function read(...pieces: string[]): Promise<IEvent[]> {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        pieces.forEach(each =>
          controller.enqueue(new TextEncoder().encode(each))
        );
        controller.close();
      }
    });
    const events: IEvent[] = [];
    for await (const event of eventsOf(body)) {
      events.push(event);
    }
    return events;
  }

  it('has events, and signs of life between them', async () => {
    expect(
      await read(
        'id: a-1\nevent: change\ndata: {"key":"a: b"}\n\n: \n\n',
        'event: silent\ndata: {"ageS":2}\n\n'
      )
    ).toEqual([
      { kind: 'change', data: { key: 'a: b' } },
      { kind: '', data: null },
      { kind: 'silent', data: { ageS: 2 } }
    ]);
  });

  it('comes in pieces that end anywhere', async () => {
    const text = 'event: change\ndata: {"key":"é"}\n\n';
    const bytes = [...text].flatMap(each => [each]);

    expect(await read(...bytes)).toEqual([
      { kind: 'change', data: { key: 'é' } }
    ]);
    expect(await read('event: change\ndata: {')).toEqual([]);
  });
});

describe('a feed on a stream', () => {
  let server: FakeServer;
  let streams: FakeStreams;
  let feed: Feed;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeServer();
    streams = new FakeStreams();
    feed = new Feed(
      server.request,
      'd1',
      () => undefined,
      () => false,
      streams.events
    );
  });

  afterEach(() => {
    feed.close();
    vi.useRealTimers();
  });

  const knowing = () =>
    streams.send('snapshot', {
      seq: 7,
      life: 'a',
      snapshot: snapshot({ jobs: [job(1)] })
    });

  it('knows what events tell, and polls nothing', async () => {
    await knowing();
    const row = job(1, { status: 'SUCCEEDED' });
    await streams.send('change', { seq: 8, kind: 'job', key: '1', row });

    expect(feed.connection.state).toBe('answers');
    expect(feed.snapshot?.jobs[0].status).toBe('SUCCEEDED');
    expect(streams.asked).toEqual([{ path: 'drivers/d1/events', query: {} }]);
    expect(server.asked).toEqual([]);
  });

  it('goes on where it was when the stream breaks', async () => {
    await knowing();
    await streams.fail(0);
    expect(feed.connection.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(250);

    expect(streams.asked[1].query).toEqual({ since: 7, life: 'a' });
    await streams.send('');
    expect(feed.connection.state).toBe('answers');
  });

  it('is silent while the driver is, and keeps what it knows', async () => {
    vi.setSystemTime(100_000);
    await knowing();
    await streams.send('silent', { ageS: 6, snapshot: null });
    expect(feed.connection).toEqual({ state: 'silent', since: 94_000 });
    expect(feed.snapshot?.jobs).toHaveLength(1);

    await streams.send('');
    expect(feed.connection.state).toBe('answers');
  });

  it('has ended with the driver', async () => {
    await knowing();
    await streams.end();
    await streams.fail(410);

    expect(feed.connection.state).toBe('gone');
    expect(feed.ended).toBe(true);
  });

  it('takes a stream on which nothing comes any more for broken', async () => {
    await knowing();
    await vi.advanceTimersByTimeAsync(8000);

    expect(feed.connection.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(250);
    expect(streams.asked).toHaveLength(2);
  });

  it('polls where no stream gets through', async () => {
    await vi.advanceTimersByTimeAsync(8000);
    server.last.answer({ seq: 1, life: 'a', snapshot: snapshot() });
    await settled();

    expect(server.asked.map(each => each.path)).toEqual([
      'drivers/d1/snapshot',
      'drivers/d1/changes'
    ]);
    expect(streams.asked).toHaveLength(1);
  });

  it('polls a server that has no streams', async () => {
    await streams.fail(404, 'There is no such page.');

    expect(server.last.path).toBe('drivers/d1/snapshot');
  });

  it('hangs up when it is closed', async () => {
    await knowing();
    feed.close();
    await settled();

    expect(streams.open).toBe(0);
  });
});
