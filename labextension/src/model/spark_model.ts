import { ISignal, Signal } from '@lumino/signaling';

import { DriverList } from './driver_list';
import { Connection, Feed } from './feed';
import { chooseDriver } from './follow';
import { Events, Request, RequestFailed } from './request';
import { IDriver, IJob, IOutsideKill, ISnapshot, ITracked } from './rows';
import { TaskOrder, TaskPages } from './task_pages';
import { Watch } from './watch';
import { activeJobs, executorsOf, hasCellsGroup } from './words';

/** What can be ended. */
export type KillScope =
  'job' | 'stage' | 'task' | 'group' | 'executor' | 'application';

/** How its route begins. */
const KILL_ROUTES: Record<KillScope, (target: string) => string> = {
  job: target => `jobs/${target}/kill`,
  stage: target => `stages/${target}/kill`,
  task: target => `tasks/${target}/kill`,
  // Its name goes into the body: a path cannot hold `..`.
  group: () => 'jobGroups/kill',
  executor: target => `executors/${target}/kill`,
  application: () => 'kill'
};

/** What the user is told about an order; screen readers read it out. */
export interface INotice {
  /** In the driver's or the server's words; empty where there is a report. */
  text: string;
  /** Whether it is a refusal. */
  failed: boolean;
  /** What was ended while the driver did not answer. */
  report?: IOutsideKill;
}

/**
 * What the panels know: the drivers, and everything about the one that is shown.
 *
 * It asks only while some view is visible. Views show what the driver says: an order changes
 * nothing here before the driver has told of it.
 */
export class SparkModel {
  constructor(
    private readonly _request: Request,
    private readonly _events: Events | null = null
  ) {}

  /** Emitted whenever something that a view shows is different. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What drivers are told of where a kill came from. */
  readonly ownName = 'JupyterLab';

  /** Whether some view is in sight, so that asking is worth it. */
  get awake(): boolean {
    return this._viewers.size > 0;
  }

  /** Null until the server has answered. */
  get drivers(): IDriver[] | null {
    return this._list?.drivers ?? this._lastDrivers;
  }

  /** Since when a driver has not answered, by our clock; null if it answers or nobody asked. */
  silentSince(driver: IDriver): number | null {
    return driver.silentForS > 0 && this._list
      ? this._list.at - driver.silentForS * 1000
      : null;
  }

  /** Whether the server extension is not there. */
  get serverMissing(): boolean {
    return this._list?.missing ?? false;
  }

  /** The driver that is shown; one that has gone stays until another takes its place. */
  get driver(): IDriver | null {
    return this._driver;
  }

  /** Whether the driver that the user chose to stay with lives: without it, none is stayed with. */
  get pinned(): boolean {
    return this._pinned !== null && this._isListed(this._pinned);
  }

  get snapshot(): ISnapshot | null {
    return this._feed?.snapshot ?? this._kept;
  }

  get connection(): Connection {
    return this._feed?.connection ?? { state: 'loading' };
  }

  /** Our clock, moved once a second while something is visible. */
  get now(): number {
    return this._now;
  }

  get notice(): INotice | null {
    return this._notice;
  }

  get jobsShown(): number {
    return this._jobsShown;
  }

  set jobsShown(value: number) {
    this._jobsShown = value;
    this._emit();
  }

  // What to show -------------------------------------------------------------------------

  /** Says that a view has come into sight or gone out of it. */
  setVisible(view: object, visible: boolean): void {
    const before = this._viewers.size > 0;
    if (visible) {
      this._viewers.add(view);
    } else {
      this._viewers.delete(view);
    }
    const after = this._viewers.size > 0;
    if (before !== after) {
      if (after) {
        this._wake();
      } else {
        this._sleep();
      }
    }
  }

  /** Says which kernel the notebook in front has. */
  setKernel(kernelId: string | null): void {
    this._kernelId = kernelId;
    this._choose();
  }

  /** Shows this driver, whatever notebook comes to the front. */
  pin(driverId: string): void {
    this._pinned = driverId;
    const driver = this.drivers?.find(each => each.id === driverId);
    if (driver) {
      this._show(driver);
    }
    this._emit();
  }

  /** Follows the notebook in front again. */
  unpin(): void {
    this._pinned = null;
    this._choose();
    this._emit();
  }

  // Closer looks -------------------------------------------------------------------------

  /** Watches a path below the driver; the caller closes it. */
  watch<T>(
    path: string,
    periodMs: number,
    changed: () => void,
    query: Record<string, string | number | boolean> = {}
  ): Watch<T> {
    return new Watch<T>(
      this._request,
      this._path(path),
      query,
      periodMs,
      changed
    );
  }

  /** Asks for something below the driver once. */
  ask<T>(path: string, query: Record<string, boolean>): Promise<T> {
    return this._request<T>(this._path(path), { query });
  }

  tasks(
    stageId: number,
    attempt: number,
    order: TaskOrder,
    changed: () => void
  ): TaskPages {
    const path = this._path(`stages/${stageId}/${attempt}/taskList`);
    return new TaskPages(this._request, path, order, changed);
  }

  // Orders -------------------------------------------------------------------------------

  /** Those whose work is killed are told `from JupyterLab: <reason>`. */
  kill(
    scope: KillScope,
    target: string | number,
    reason = 'Kill was clicked'
  ): Promise<boolean> {
    return this._order(KILL_ROUTES[scope](`${target}`), {
      who: this.ownName,
      reason,
      ...(scope === 'group' && { group: target })
    });
  }

  /** Ends several jobs at once. */
  async killJobs(jobs: IJob[], reason?: string): Promise<void> {
    await Promise.all(jobs.map(job => this.kill('job', job.jobId, reason)));
  }

  /** Ends the jobs of a cell, and those that it would start next. */
  async killCell(jobs: IJob[]): Promise<void> {
    const inGroup = jobs.filter(hasCellsGroup);
    const orders = [...new Set(inGroup.map(job => job.jobGroup!))].map(group =>
      this._order(
        KILL_ROUTES.group(group),
        { who: this.ownName, reason: 'Kill was clicked', group },
        { future: true }
      )
    );
    const others = jobs.filter(job => !hasCellsGroup(job));
    await Promise.all([...orders, this.killJobs(others)]);
  }

  /** Ends all executors, each by itself: the application goes on with new ones. */
  async killExecutors(): Promise<void> {
    const active = executorsOf(this.snapshot!).filter(each => each.isActive);
    await Promise.all(active.map(each => this.kill('executor', each.id)));
  }

  killNewest(): Promise<boolean> {
    const newest = activeJobs(this.snapshot)[0];
    return newest ? this.kill('job', newest.jobId) : Promise.resolve(false);
  }

  killAll(): Promise<void> {
    return this.killJobs(activeJobs(this.snapshot));
  }

  unpersist(rddId: number): Promise<boolean> {
    return this._order(`storage/rdd/${rddId}/unpersist`, {});
  }

  forget(tracked: ITracked): Promise<boolean> {
    return this._order('cleaner/forget', {
      kind: tracked.kind,
      id: tracked.id
    });
  }

  collectGarbage(): Promise<boolean> {
    return this._order('cleaner/gc', {});
  }

  /** Comes when there is something known, also if no view is in sight; for commands. */
  async fresh(): Promise<void> {
    if (this.awake) {
      return;
    }
    const command = {};
    this.setVisible(command, true);
    await new Promise<void>(resolve => {
      const look = () => {
        const { state } = this.connection;
        const none = this.drivers !== null && !this.driver;
        if (none || this.serverMissing || (this._feed && state !== 'loading')) {
          this._changed.disconnect(look);
          resolve();
        }
      };
      this._changed.connect(look);
      setTimeout(() => {
        this._changed.disconnect(look);
        resolve();
      }, 5000);
    });
    setTimeout(() => this.setVisible(command, false), 2000);
  }

  /** Lets the views draw themselves anew, for what is not in here. */
  redraw(): void {
    this._emit();
  }

  /** Tells the user something. */
  tell(text: string, failed = false): void {
    this._notice = { text, failed };
    this._emit();
  }

  dismiss(): void {
    this._notice = null;
    this._emit();
  }

  dispose(): void {
    this._viewers.clear();
    this._sleep();
    Signal.clearData(this);
  }

  private async _order(
    path: string,
    body: unknown,
    query?: Record<string, boolean>
  ): Promise<boolean> {
    try {
      const answer = await this._request<IOutsideKill | { from?: undefined }>(
        this._path(path),
        { method: 'POST', body, query }
      );
      this._notice =
        answer.from === 'outside'
          ? reported(answer, this._notice?.report)
          : null;
      this._emit();
      return true;
    } catch (error) {
      this.tell(
        error instanceof RequestFailed ? error.message : String(error),
        true
      );
      return false;
    } finally {
      this._feed?.hurry();
    }
  }

  private _path(path: string): string {
    return `drivers/${this._driver?.id ?? ''}/${path}`;
  }

  private _wake(): void {
    this._now = Date.now();
    this._clock = setInterval(() => {
      this._now = Date.now();
      this._emit();
    }, 1000);
    this._list = new DriverList(this._request, () => {
      this._choose();
      this._emit();
    });
    this._openFeed();
    this._emit();
  }

  private _sleep(): void {
    clearInterval(this._clock);
    this._lastDrivers = this.drivers;
    this._list?.close();
    this._list = null;
    this._closeFeed();
    this._emit();
  }

  private _choose(): void {
    if (!this.drivers) {
      return;
    }
    const chosen = chooseDriver(this.drivers, {
      pinned: this._pinned,
      current: this._driver,
      kernelId: this._kernelId
    });
    if (chosen) {
      this._show(chosen);
    } else if (this._driver && this._kernelId !== null) {
      this._closeFeed();
      this._driver = this._kept = null;
      this._emit();
    }
  }

  private _show(driver: IDriver): void {
    const same = driver.id === this._driver?.id;
    this._driver = driver;
    if (same && !(this._feed?.ended && this._isListed(driver.id))) {
      return;
    }
    this._closeFeed();
    if (!same) {
      this._kept = null;
    }
    if (this._viewers.size) {
      this._openFeed();
    }
  }

  private _openFeed(): void {
    if (this._driver && !this._feed) {
      const { id } = this._driver;
      this._feed = new Feed(
        this._request,
        id,
        () => this._emit(),
        () => this._isListed(id),
        this._events
      );
    }
  }

  private _isListed(driverId: string): boolean {
    return this.drivers?.some(each => each.id === driverId) ?? false;
  }

  /** What was known stays in sight until a new answer takes its place. */
  private _closeFeed(): void {
    this._kept = this._feed?.snapshot ?? this._kept;
    this._feed?.close();
    this._feed = null;
  }

  private _emit(): void {
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _viewers = new Set<object>();
  private _clock: ReturnType<typeof setInterval> | undefined;
  private _now = Date.now();
  private _list: DriverList | null = null;
  private _lastDrivers: IDriver[] | null = null;
  private _driver: IDriver | null = null;
  private _feed: Feed | null = null;
  private _kept: ISnapshot | null = null;
  private _pinned: string | null = null;
  private _kernelId: string | null = null;
  private _notice: INotice | null = null;
  private _jobsShown = 20;
}

/** One notice for executors that are killed together. */
function reported(report: IOutsideKill, before?: IOutsideKill): INotice {
  const together = report.scope === 'executor' && before?.scope === 'executor';
  const whole = together
    ? {
        ...report,
        target: null,
        ended: [...before.ended, ...report.ended],
        left: [...before.left, ...report.left],
        tookMs: Math.max(before.tookMs, report.tookMs)
      }
    : report;
  return { text: '', failed: whole.left.length > 0, report: whole };
}
