import {
  Events,
  IEvent,
  IRequestOptions,
  Request,
  RequestFailed
} from '../src/model/request';
import {
  IApplication,
  IDriver,
  IJob,
  ISnapshot,
  IStage
} from '../src/model/rows';

export function job(jobId: number, more: Partial<IJob> = {}): IJob {
  return {
    jobId,
    name: `collect at In[3]:2`,
    status: 'RUNNING',
    stageIds: [jobId],
    numTasks: 30,
    numActiveTasks: 2,
    numCompletedTasks: 14,
    numSkippedTasks: 0,
    numFailedTasks: 0,
    numKilledTasks: 0,
    ...more
  };
}

export function stage(stageId: number, more: Partial<IStage> = {}): IStage {
  return {
    stageId,
    attemptId: 0,
    name: 'collect',
    status: 'ACTIVE',
    numTasks: 30,
    numActiveTasks: 2,
    numCompleteTasks: 14,
    numFailedTasks: 0,
    numKilledTasks: 0,
    ...more
  };
}

export function snapshot(more: Partial<ISnapshot> = {}): ISnapshot {
  return {
    application: {
      id: 'app-1',
      name: 'fake',
      state: 'running'
    } as IApplication,
    jobs: [],
    stages: [],
    executors: [],
    rdds: [],
    cleaner: {
      state: 'waiting',
      queue: 0,
      tracked: {},
      cleaned: {},
      errors: 0
    },
    kills: [],
    omitted: {},
    ...more
  };
}

export function driver(id: string, more: Partial<IDriver> = {}): IDriver {
  return {
    id,
    applicationId: 'app-1',
    name: id,
    pid: 1,
    kind: 'kernel',
    master: 'local[2]',
    started: 0,
    kernelId: null,
    notebook: null,
    terminal: null,
    silentForS: 0,
    ...more
  };
}

interface IAsked {
  path: string;
  options: IRequestOptions;
  answer: (value: unknown) => void;
  refuse: (status: number, body?: Record<string, unknown>) => void;
}

/** A server whose answers a test gives, one by one. */
export class FakeServer {
  readonly asked: IAsked[] = [];

  readonly request: Request = <T>(
    path: string,
    options: IRequestOptions = {}
  ) =>
    new Promise<T>((resolve, reject) => {
      options.signal?.addEventListener('abort', () =>
        reject(new RequestFailed(0, 'aborted'))
      );
      this.asked.push({
        path,
        options,
        answer: value => resolve(value as T),
        refuse: (status, body = {}) =>
          reject(new RequestFailed(status, String(body.error ?? ''), body))
      });
    });

  /** The requests that are not about the list of drivers. */
  get ofDrivers(): IAsked[] {
    return this.asked.filter(each => each.path !== 'drivers');
  }

  get latest(): IAsked {
    return this.ofDrivers.at(-1)!;
  }

  get last(): IAsked {
    return this.asked[this.asked.length - 1];
  }
}

/** Streams whose events a test sends, one by one. */
export class FakeStreams {
  readonly asked: { path: string; query: IRequestOptions['query'] }[] = [];
  open = 0;

  readonly events: Events = (path, { query, signal }) => {
    this.asked.push({ path, query });
    this.open += 1;
    signal.addEventListener('abort', () => this.fail(0));
    this._waiting = [];
    return this._read();
  };

  async send(kind: string, data: unknown = null): Promise<void> {
    this._put({ kind, data });
    await settled();
  }

  async end(): Promise<void> {
    this._put(null);
    await settled();
  }

  async fail(status: number, error = ''): Promise<void> {
    this._put(new RequestFailed(status, error));
    await settled();
  }

  private async *_read(): AsyncIterable<IEvent> {
    try {
      for (;;) {
        while (!this._waiting.length) {
          await new Promise<void>(resolve => (this._wake = resolve));
        }
        const next = this._waiting.shift()!;
        if (next instanceof RequestFailed) {
          throw next;
        }
        if (next === null) {
          return;
        }
        yield next;
      }
    } finally {
      this.open -= 1;
    }
  }

  private _put(next: IEvent | RequestFailed | null): void {
    this._waiting.push(next);
    this._wake();
  }

  private _waiting: (IEvent | RequestFailed | null)[] = [];
  private _wake: () => void = () => undefined;
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await Promise.resolve();
  }
}
