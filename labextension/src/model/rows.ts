/**
 * What a driver says about itself: the rows of Spark's REST API, with ours beside them.
 *
 * Times are milliseconds since the epoch, durations milliseconds, sizes bytes, where nothing else
 * is said. Fields that no view reads are left out.
 */

/** A driver that the server found among the runtime files of its user. */
export interface IDriver {
  id: string;
  applicationId: string;
  name: string;
  pid: number;
  kind: 'kernel' | 'terminal' | 'script' | 'default' | 'scripted';
  master: string;
  started: number;
  /** The kernel it lives in, if this server runs it. */
  kernelId: string | null;
  /** The notebook of that kernel, relative to the server's root. */
  notebook: string | null;
  /** The terminal it was started from, such as `pts/3`. */
  terminal: string | null;
  /** How long it has not answered this server; 0 if it answers or nobody asked. */
  silentForS: number;
}

/** Where in a notebook something was started. */
export interface ICell {
  /** The notebook's id of the cell; empty where the front end gave none. */
  id: string;
  /** The number in `In [n]`. */
  prompt: number;
  /** The line of the cell, from 1. */
  line?: number;
  /** The thread's name, if it was not the main one. */
  thread?: string;
}

export interface IApplication {
  id: string;
  name: string;
  master: string;
  startedAt: number;
  kind: string;
  pid: number;
  state: 'running' | 'killing' | 'stopped';
  stoppedReason?: string;
  killReason?: string;
  killWho?: string;
  uiWebUrl?: string | null;
}

export interface IJob {
  jobId: number;
  name: string;
  description?: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'UNKNOWN';
  stageIds: number[];
  jobGroup?: string;
  numTasks: number;
  numActiveTasks: number;
  numCompletedTasks: number;
  numSkippedTasks: number;
  numFailedTasks: number;
  numKilledTasks: number;
  submittedAt?: number;
  completedAt?: number;
  /** When a task of it ended last. */
  lastTaskEndAt?: number;
  callSite?: string;
  cell?: ICell;
  site?: { file: string; line: number };
  /** Absent if nobody killed it. */
  killState?: 'KILLING' | 'KILLED';
  /** Tasks that still run although the job has ended. */
  zombieTasks?: number;
  killedAt?: number;
  killReason?: string;
  killWho?: string;
  failureReason?: string;
}

export interface IStage {
  stageId: number;
  attemptId: number;
  name: string;
  status: 'ACTIVE' | 'COMPLETE' | 'FAILED' | 'PENDING' | 'SKIPPED';
  numTasks: number;
  numActiveTasks: number;
  numCompleteTasks: number;
  numFailedTasks: number;
  numKilledTasks: number;
  submittedAt?: number;
  completedAt?: number;
  lastTaskEndAt?: number;
  failureReason?: string;
  jobIds?: number[];
  /** Stages that have to end before it can start. */
  waitsFor?: number[];
  medianTaskMs?: number;
  slowestTaskMs?: number;
  zombieTasks?: number;
}

export interface ITask {
  taskId: number;
  /** The partition, counted from 0. */
  index: number;
  attempt: number;
  executorId: string;
  status: string;
  /** ISO time, as Spark writes it. */
  launchTime: string;
  duration?: number;
  errorMessage?: string;
  pid?: number;
  killing?: boolean;
  killReason?: string;
}

export interface IExecutor {
  id: string;
  isActive: boolean;
  rddBlocks: number;
  activeTasks: number;
  completedTasks: number;
  removeReason?: string;
  pid?: number;
  state?: 'idle' | 'busy' | 'killing' | 'dead';
  /** Tasks that it runs now. */
  taskIds?: number[];
  cpuPercent?: number | null;
  rssBytes?: number | null;
  /** How often a task had to be ended with its process. */
  forcedKills?: number;
}

export interface IRdd {
  id: number;
  name: string;
  numPartitions: number;
  numCachedPartitions: number;
  memoryUsed: number;
  diskUsed: number;
}

export interface IHolder {
  /** In words, such as `variable r` or `Out[4]`. */
  path: string;
  /** Whether Release may drop it: the notebook's own names only. */
  forgettable: boolean;
}

export interface ITracked {
  kind: 'rdd' | 'shuffle' | 'broadcast' | 'accumulator' | 'checkpoint';
  id: number;
  name?: string;
  callSite?: string;
  cell?: ICell;
  memoryBytes?: number;
  diskBytes?: number;
  blocks?: number;
  executors?: string[];
  createdAt?: number;
  state: 'live' | 'queued' | 'cleaning' | 'cleaned' | 'error' | 'orphaned';
  /** When it was cleaned. */
  doneAt?: number;
  error?: string;
  /** Present where somebody asked for it. */
  heldBy?: IHolder[];
  canUnpersist?: boolean;
}

export interface ICleaner {
  state: 'off' | 'waiting' | 'cleaning' | 'stopped';
  /** What it cleans now, or nothing. */
  now?: string;
  queue: number;
  tracked: Record<string, number>;
  cleaned: Record<string, number>;
  errors: number;
  last?: { task: string; at: number; tookMs: number } | null;
  gc?: {
    last?: { at: number; by: string; tookMs: number; collected: number } | null;
    nextAt?: number | null;
  };
  rows?: ITracked[];
  /** How many rows of things that live are not told. */
  omitted?: number;
}

/** How one kill went, from its order to its end. */
export interface IKillCard {
  id: number;
  scope:
    'job' | 'stage' | 'task' | 'group' | 'tag' | 'executor' | 'application';
  target: string;
  who: string;
  reason: string;
  at: number;
  jobs: number[];
  tasks: IKilledTask[];
  state: 'killing' | 'killed';
  tookMs?: number | null;
  /** Threads of the application's user that go on after its kill. */
  threads?: ILeftThread[];
}

export interface ILeftThread {
  name: string;
  isDaemon: boolean;
}

export interface IKilledTask {
  taskId: number;
  executorId: string;
  pid: number;
  /** Absent while it runs on. */
  endedAfterMs?: number | null;
  /** Whether its process had to be ended. */
  forced: boolean;
  /** Lines as a traceback has them, the outermost frame first. */
  lastStack?: string[];
}

/** What was ended from outside of a driver that did not answer. */
export interface IOutsideKill {
  from: 'outside';
  /** `killing` if something is left. */
  result: 'killing' | 'killed';
  scope: string;
  target: number | null;
  /** Processes that are gone. */
  ended: {
    executorId: string;
    pid: number;
    taskId: number | null;
    forced: boolean;
    endedAfterMs: number;
  }[];
  /** Processes that do not end. */
  left: { executorId: string; pid: number }[];
  /** Tasks that go on, because other jobs wait for them too. */
  sharedTasks: number[];
  /** Whether the kernel got an interrupt. */
  driverInterrupted: boolean;
  tookMs: number;
}

export interface IThread {
  threadId: number;
  threadName: string;
  threadState: string;
  stackTrace: { elems: string[] };
  isDaemon: boolean;
  nativeId?: number;
  owner?: 'engine' | 'jupyter' | 'user';
  startedAt?: string;
  cpuPercent?: number | null;
  keepsProcessAlive?: boolean;
  taskId?: number;
  jobId?: number;
  cell?: ICell;
  waitsFor?: string;
  /** For how long its innermost frame has stood on the same line. */
  sameLineSeconds?: number;
  sampledBy?: string;
}

export interface ISnapshot {
  application: IApplication;
  jobs: IJob[];
  stages: IStage[];
  executors: IExecutor[];
  rdds: IRdd[];
  cleaner: ICleaner;
  kills: IKillCard[];
  omitted: { jobs?: number; stages?: number };
}

/** One row that is new or different. */
export interface IChange {
  seq?: number;
  kind:
    'application' | 'job' | 'stage' | 'executor' | 'rdd' | 'cleaner' | 'kill';
  key: string;
  /** Null if it was forgotten. */
  row: unknown;
}
