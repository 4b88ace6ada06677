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
 * is active; once more when it has ended, and others when they come into sight after that.
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
      if (!this._pages.has(page) || this._old.has(page)) {
        void this._read(page);
      }
    }
  }

  /** Keeps tasks in the rows where they are, for a hand that is about to click one of them. */
  hold(held: boolean): void {
    this._held = held;
  }

  /** Whether more will happen in this stage; false ends the reading anew after one last time. */
  setActive(active: boolean): void {
    if (active === this._active) {
      return;
    }
    this._active = active;
    if (!active) {
      this._ends += 1;
      clearTimeout(this._timer);
      this._old = new Set(this._pages.keys());
    }
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
    const ends = this._ends;
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
      this._pages.set(page, this._held ? this._inPlace(page, tasks) : tasks);
      this.error = '';
      this._old.delete(page);
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
    if (ends !== this._ends) {
      void this._read(page); // what was asked for before the end may not tell of it
    } else if (this._active) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => this._refresh(), 1000);
    }
  }

  /** What is new of the tasks of a page, in the order in which they stand. */
  private _inPlace(page: number, tasks: ITask[]): ITask[] {
    const shown = this._pages.get(page);
    if (!shown) {
      return tasks;
    }
    const fresh = new Map(tasks.map(task => [task.taskId, task]));
    const kept = shown.map(task => fresh.get(task.taskId) ?? task);
    const known = new Set(shown.map(task => task.taskId));
    const others = tasks.filter(task => !known.has(task.taskId));
    return [...kept, ...others].slice(0, Math.max(tasks.length, kept.length));
  }

  private _pages = new Map<number, ITask[]>();
  /** Pages that were read while the stage was what it is no more. */
  private _old = new Set<number>();
  /** How often the stage has ended; an attempt that lost outputs runs again. */
  private _ends = 0;
  private _held = false;
  private _reading = new Set<number>();
  private _first = 0;
  private _last = 0;
  private _active = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _abort = new AbortController();
}
