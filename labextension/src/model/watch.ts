import { Request, RequestFailed } from './request';

/**
 * Asks for one thing again and again while somebody looks at it: a stack, the threads, a page of
 * tasks. Never two requests at once; the period counts from the answer.
 */
export class Watch<T> {
  constructor(
    private readonly _request: Request,
    private readonly _path: string,
    private readonly _query: Record<string, string | number | boolean>,
    private readonly _periodMs: number,
    private readonly _changed: () => void
  ) {
    void this._follow();
  }

  value: T | null = null;

  /** Why there is no newer value, in the server's words. */
  error = '';

  close(): void {
    this._abort.abort();
    this._wake();
  }

  /** Asks now. */
  refresh(): void {
    this._wake();
  }

  private async _follow(): Promise<void> {
    const { signal } = this._abort;
    while (!signal.aborted) {
      try {
        const value = await this._request<T>(this._path, {
          query: this._query,
          signal
        });
        if (signal.aborted) {
          return;
        }
        this.value = value;
        this.error = '';
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        this.error =
          error instanceof RequestFailed ? error.message : String(error);
      }
      this._changed();
      await this._pause();
    }
  }

  private _pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, this._periodMs);
      this._wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private _abort = new AbortController();
  private _wake: () => void = () => undefined;
}
