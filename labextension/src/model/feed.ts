import { applyChanges } from './changes';
import { Events, IEvent, Request, RequestFailed } from './request';
import { IChange, ISnapshot } from './rows';

/** How long a request may hang at the driver when nothing changes; bounds the silence we miss. */
const WAIT_S = 2;

/** A server that says nothing for so long on a stream has gone, or somebody in between keeps it. */
const STREAM_MS = 8000;

/** How soon a driver that did not seem to be there is asked again, while it is listed. */
const AGAIN_MS = 2000;

/** Pauses after failures: the first is short, since most failures are a restart. */
const BACK_OFF_MS = [250, 500, 1000, 2000, 4000];

/** How the driver stands to us. Each has its sentence in `views/`. */
export type Connection =
  | { state: 'loading' }
  | { state: 'answers' }
  /** It lives, and does not answer; `since` is our clock's time of its last answer. */
  | { state: 'silent'; since: number }
  /** Its runtime file is gone, or the process is dead; seen first at `since` by our clock. */
  | { state: 'gone'; since: number }
  /** The Jupyter server does not answer. */
  | { state: 'offline' };

interface IAnswer {
  seq: number;
  life: string;
  changes?: IChange[];
  snapshot?: ISnapshot;
}

/**
 * Follows one driver: a snapshot first, then changes, until it is closed. They come as events on
 * one stream, or by long poll where streams do not get through.
 *
 * A driver that answers late is `silent`, and what is known of it stays. One that is `gone` is
 * asked again as long as it is listed, else it has ended. No request runs after `close`; answers
 * that come later are dropped.
 */
export class Feed {
  constructor(
    private readonly _request: Request,
    readonly driverId: string,
    private readonly _changed: () => void,
    private readonly _isListed: () => boolean = () => false,
    private readonly _events: Events | null = null
  ) {
    void this._follow();
  }

  /** Whether it asks no more, because the driver has ended. */
  ended = false;

  snapshot: ISnapshot | null = null;
  connection: Connection = { state: 'loading' };

  get closed(): boolean {
    return this._abort.signal.aborted;
  }

  close(): void {
    this._abort.abort();
    this._wake();
  }

  /** Ends a pause now, so that an order's effect is seen at once. */
  hurry(): void {
    this._wake();
  }

  private async _follow(): Promise<void> {
    let failures = 0;
    while (!this.closed) {
      try {
        if (this._events && this._streams) {
          await this._listen(this._events);
        } else {
          await this._ask();
        }
        failures = 0;
      } catch (error) {
        if (this.closed) {
          return;
        }
        this._fail(error);
        if (this.connection.state !== 'gone') {
          await this._pause(BACK_OFF_MS[Math.min(failures++, 4)]);
        } else if (this._isListed()) {
          await this._pause(AGAIN_MS);
        } else {
          this.ended = true;
          return;
        }
      }
    }
  }

  /** Takes events until the stream ends; one that brings nothing is given up for good. */
  private async _listen(events: Events): Promise<void> {
    const known = this.snapshot && this._life !== '';
    const heard = new AbortController();
    const end = () => heard.abort();
    this._abort.signal.addEventListener('abort', end);
    let timer = setTimeout(end, STREAM_MS);
    let any = false;
    try {
      const stream = events(`drivers/${this.driverId}/events`, {
        query: known ? { since: this._seq, life: this._life } : {},
        signal: heard.signal
      });
      for await (const event of stream) {
        if (this.closed) {
          return;
        }
        any = true;
        clearTimeout(timer);
        timer = setTimeout(end, STREAM_MS);
        this._takeEvent(event);
      }
      if (!any) {
        throw new RequestFailed(0, 'The stream ended before it began.');
      }
    } catch (error) {
      if (this.closed) {
        return;
      }
      if (!any && (heard.signal.aborted || isUnknown(error))) {
        this._streams = false;
        return;
      }
      throw error;
    } finally {
      clearTimeout(timer);
      this._abort.signal.removeEventListener('abort', end);
    }
  }

  private _takeEvent({ kind, data }: IEvent): void {
    switch (kind) {
      case 'snapshot':
        this._take(data as IAnswer);
        break;
      case 'change': {
        const change = data as IChange & { seq: number };
        this._take({ seq: change.seq, life: this._life, changes: [change] });
        break;
      }
      case 'silent':
        this._fail(new RequestFailed(504, '', data as Record<string, unknown>));
        break;
      default:
        this._take({ seq: this._seq, life: this._life });
    }
  }

  private async _ask(): Promise<void> {
    const known = this.snapshot && this._life !== '';
    const answer = await this._request<IAnswer>(
      `drivers/${this.driverId}/${known ? 'changes' : 'snapshot'}`,
      {
        query: known
          ? { since: this._seq, life: this._life, wait: WAIT_S }
          : {},
        signal: this._abort.signal
      }
    );
    if (!this.closed) {
      this._take(answer);
    }
  }

  private _take(answer: IAnswer): void {
    this._seq = answer.seq;
    this._life = answer.life;
    if (answer.snapshot) {
      this.snapshot = answer.snapshot;
    } else if (this.snapshot && answer.changes?.length) {
      this.snapshot = applyChanges(this.snapshot, answer.changes);
    } else if (this.connection.state === 'answers') {
      return;
    }
    this.connection = { state: 'answers' };
    this._changed();
  }

  private _fail(error: unknown): void {
    const { status, body } =
      error instanceof RequestFailed ? error : { status: 0, body: {} };
    if (status === 404 || status === 410) {
      if (this.connection.state !== 'gone') {
        this.connection = { state: 'gone', since: Date.now() };
      }
    } else if (status === 504) {
      const ageMs = Number((body as { ageS?: number }).ageS ?? 0) * 1000;
      this.connection = { state: 'silent', since: Date.now() - ageMs };
      const last = (body as { snapshot?: ISnapshot | null }).snapshot;
      if (!this.snapshot && last) {
        this.snapshot = last;
      }
    } else {
      this.connection = { state: 'offline' };
    }
    this._changed();
  }

  private _pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      this._wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Whether streams get through. */
  private _streams = true;
  private _seq = 0;
  private _life = '';
  private _abort = new AbortController();
  private _wake: () => void = () => undefined;
}

/** Whether the server is one that has no streams. */
function isUnknown(error: unknown): boolean {
  return (
    error instanceof RequestFailed &&
    error.status === 404 &&
    error.message === 'There is no such page.'
  );
}
