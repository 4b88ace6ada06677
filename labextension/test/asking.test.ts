import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DriverList } from '../src/model/driver_list';
import { serverRequest } from '../src/model/request';
import { Watch } from '../src/model/watch';
import { FakeServer, driver, settled } from './fakes';

let server: FakeServer;
let changes: number;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  changes = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a watch', () => {
  const watched = () =>
    new Watch<number>(
      server.request,
      'drivers/d1/threads',
      { holders: true },
      1000,
      () => changes++
    );

  it('asks again when a period has passed since the answer, never twice at once', async () => {
    const watch = watched();
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.asked).toHaveLength(1);
    expect(server.last.options.query).toEqual({ holders: true });

    server.last.answer(7);
    await settled();
    expect(watch.value).toBe(7);
    await vi.advanceTimersByTimeAsync(999);
    expect(server.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.asked).toHaveLength(2);
    watch.close();
  });

  it('keeps its value when an answer fails, and says why', async () => {
    const watch = watched();
    server.last.answer(7);
    await settled();
    watch.refresh();
    await settled();
    server.last.refuse(404, { error: 'Task 7 does not run.' });
    await settled();

    expect(watch.value).toBe(7);
    expect(watch.error).toBe('Task 7 does not run.');
    watch.close();
  });

  it('drops what comes after its end, and asks no more', async () => {
    const watch = watched();
    const { answer } = server.last;
    watch.close();
    answer(7);
    await vi.advanceTimersByTimeAsync(5000);

    expect(watch.value).toBeNull();
    expect(changes).toBe(0);
    expect(server.asked).toHaveLength(1);
  });
});

describe('the list of drivers', () => {
  let list: DriverList;

  beforeEach(() => {
    list = new DriverList(server.request, () => changes++);
  });

  afterEach(() => list.close());

  it('waits at the server until it is another one', async () => {
    server.last.answer({ drivers: [driver('d1')], version: 'a' });
    await settled();
    expect(server.last.options.query).toMatchObject({ version: 'a' });
    expect(changes).toBe(1);

    server.last.answer({ drivers: [driver('d1')], version: 'a' });
    await settled();
    expect(changes).toBe(1);
    server.last.answer({ drivers: [], version: 'b' });
    await settled();
    expect(list.drivers).toEqual([]);
    expect(changes).toBe(2);
  });

  it('asks anew after a failure, and knows a missing server extension', async () => {
    server.last.refuse(404);
    await settled();
    expect(list.missing).toBe(true);
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.last.options.query).toEqual({});

    server.last.answer({ drivers: [driver('d1')], version: 'a' });
    await settled();
    expect(list.missing).toBe(false);
    expect(list.drivers).toHaveLength(1);
  });
});

describe('a request', () => {
  const asked = vi.spyOn(ServerConnection, 'makeRequest');
  const request = serverRequest(
    ServerConnection.makeSettings({ baseUrl: 'http://hub/user/ada/' })
  );

  afterEach(() => asked.mockReset());

  it('goes below the base URL, with its query and its body', async () => {
    asked.mockImplementation(async () => new Response('{"result":"killing"}'));

    const answer = await request('drivers/d1/kill', {
      method: 'POST',
      query: { future: true },
      body: { who: 'JupyterLab' }
    });

    expect(answer).toEqual({ result: 'killing' });
    const [url, init] = asked.mock.calls[0];
    expect(url).toBe(
      'http://hub/user/ada/pyspark-shell/drivers/d1/kill?future=true'
    );
    expect(init).toMatchObject({
      method: 'POST',
      body: '{"who":"JupyterLab"}'
    });
  });

  it('that is refused tells status and words of the server', async () => {
    asked.mockImplementation(
      async () => new Response('{"error":"no","ageS":6}', { status: 504 })
    );

    await expect(request('drivers/d1/changes')).rejects.toMatchObject({
      status: 504,
      message: 'no',
      body: { ageS: 6 }
    });
  });

  it('that nobody answers has status 0', async () => {
    asked.mockRejectedValue(new TypeError('network'));

    await expect(request('drivers')).rejects.toMatchObject({ status: 0 });
  });
});
