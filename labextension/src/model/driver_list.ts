import { Request, RequestFailed } from './request';
import { IDriver } from './rows';

/** How long the server may hold the list when nothing changes. */
const WAIT_S = 20;

/** The pause after a failure. */
const RETRY_MS = 2000;

interface IAnswer {
  drivers: IDriver[];
  /** Names this state of the list; sent back, it makes the server wait for another one. */
  version: string;
}

/** Follows the list of drivers by long poll until it is closed. */
export class DriverList {
  constructor(
    private readonly _request: Request,
    private readonly _changed: () => void
  ) {
    void this._follow();
  }

  /** Null until the server has answered. */
  drivers: IDriver[] | null = null;

  /** When the list came, by our clock. */
  at = 0;

  /** Whether the server knows nothing of us: the server extension is not enabled. */
  missing = false;

  close(): void {
    this._abort.abort();
  }

  private async _follow(): Promise<void> {
    const { signal } = this._abort;
    let version = '';
    while (!signal.aborted) {
      try {
        const answer = await this._request<IAnswer>('drivers', {
          query: version ? { version, wait: WAIT_S } : {},
          signal
        });
        if (signal.aborted) {
          return;
        }
        const same = version === answer.version && !this.missing;
        version = answer.version;
        this.missing = false;
        this.drivers = answer.drivers;
        this.at = Date.now();
        if (!same) {
          this._changed();
        }
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        version = '';
        this.missing = error instanceof RequestFailed && error.status === 404;
        this._changed();
        await new Promise(resolve => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private _abort = new AbortController();
}
