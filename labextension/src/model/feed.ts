import { applyChanges } from './changes';
import { Request, RequestFailed } from './request';
import { IChange, ISnapshot } from './rows';

/** How long a request may hang at the driver when nothing changes; bounds the silence we miss. */
const WAIT_S = 2;

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
  /** Its runtime file is gone, or the process is dead. */
  | { state: 'gone' }
  /** The Jupyter server does not answer. */
  | { state: 'offline' };

interface IAnswer {
  seq: number;
  life: string;
  changes?: IChange[];
  snapshot?: ISnapshot;
}

/**
 * Follows one driver: a snapshot first, then changes by long poll, until it is closed.
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
    private readonly _isListed: () => boolean = () => false
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
        await this._ask();
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
      this.connection = { state: 'gone' };
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

  private _seq = 0;
  private _life = '';
  private _abort = new AbortController();
  private _wake: () => void = () => undefined;
}
