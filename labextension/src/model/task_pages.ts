import { Request, RequestFailed } from './request';
import { ITask } from './rows';

/** Tasks in one request: some 20 KB. */
export const PAGE = 100;

/** What the list of tasks is ordered by; `-runtime` has the slowest first. */
export type TaskOrder = 'ID' | '-runtime';

const COLUMNS =
  'taskId,index,attempt,executorId,status,launchTime,duration,errorMessage,pid,killing,killReason';

/**
 * The tasks of a stage attempt, of which only the pages in sight are asked for.
 *
 * Pages in sight are asked for again, each a second after its last answer, as long as the stage
 * is active.
 */
export class TaskPages {
  constructor(
    private readonly _request: Request,
    private readonly _path: string,
    private readonly _order: TaskOrder,
    private readonly _changed: () => void
  ) {
    this.show(0, PAGE);
  }

  error = '';

  /** Returns the task of a row, if its page has been read. */
  at(row: number): ITask | undefined {
    return this._pages.get(Math.floor(row / PAGE))?.[row % PAGE];
  }

  /** Says which rows are in sight. */
  show(first: number, end: number): void {
    this._first = Math.floor(first / PAGE);
    this._last = Math.floor(Math.max(end - 1, first) / PAGE);
    for (let page = this._first; page <= this._last; page++) {
      if (!this._pages.has(page)) {
        void this._read(page);
      }
    }
  }

  /** Whether more will happen in this stage; false ends the reading anew after one last time. */
  setActive(active: boolean): void {
    if (active === this._active) {
      return;
    }
    this._active = active;
    this._refresh();
  }

  close(): void {
    this._abort.abort();
    clearTimeout(this._timer);
  }

  private _refresh(): void {
    for (let page = this._first; page <= this._last; page++) {
      void this._read(page);
    }
  }

  private async _read(page: number): Promise<void> {
    if (this._reading.has(page) || this._abort.signal.aborted) {
      return;
    }
    this._reading.add(page);
    try {
      const tasks = await this._request<ITask[]>(this._path, {
        query: {
          offset: page * PAGE,
          length: PAGE,
          sortBy: this._order,
          columns: COLUMNS
        },
        signal: this._abort.signal
      });
      this._pages.set(page, tasks);
      this.error = '';
    } catch (error) {
      this.error =
        error instanceof RequestFailed ? error.message : String(error);
    } finally {
      this._reading.delete(page);
    }
    if (this._abort.signal.aborted) {
      return;
    }
    this._changed();
    if (this._active) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => this._refresh(), 1000);
    }
  }

  private _pages = new Map<number, ITask[]>();
  private _reading = new Set<number>();
  private _first = 0;
  private _last = 0;
  private _active = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _abort = new AbortController();
}
