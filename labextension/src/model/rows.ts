/**
 * What a driver says about itself: the rows of Spark's REST API, with ours beside them.
 *
 * Times are milliseconds since the epoch, durations milliseconds, sizes bytes, where nothing else
 * is said. Fields that no view reads are left out.
 */

/** A driver that the server found among the runtime files of its user. */
export interface IDriver {
  /** Names it in paths. */
  id: string;
  /** Spark's id of its one application. */
  applicationId: string;
  /** The application's name. */
  name: string;
  /** Of its process. */
  pid: number;
  /** Where it lives. */
  kind: 'kernel' | 'terminal' | 'script' | 'default' | 'scripted';
  /** Such as `local[2]`. */
  master: string;
  /** When the application started. */
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
  /** Spark's id. */
  id: string;
  /** As its user called it. */
  name: string;
  /** Such as `local[2]`. */
  master: string;
  /** When it started. */
  startedAt: number;
  /** Where its driver lives: `kernel`, `terminal`, ... */
  kind: string;
  /** Of its driver. */
  pid: number;
  /** `stopped` is the last that one hears of it. */
  state: 'running' | 'killing' | 'stopped';
  /** Who stopped it where, in words; empty while it runs. */
  stoppedReason?: string;
}

export interface IJob {
  /** Counted from 0 in each application. */
  jobId: number;
  /** What started it: `collect at In[3]:2`. */
  name: string;
  /** The user's words for it, else the code that started it. */
  description?: string;
  /** Spark's; `killState` tells more. */
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'UNKNOWN';
  /** Its stages, those that were skipped too. */
  stageIds: number[];
  /** The user's name for it and others; a cell's jobs have one by default. */
  jobGroup?: string;
  /** Tasks of all its stages. */
  numTasks: number;
  /** Tasks that run. */
  numActiveTasks: number;
  /** Tasks that succeeded. */
  numCompletedTasks: number;
  /** Tasks whose output was there already. */
  numSkippedTasks: number;
  /** Attempts that failed. */
  numFailedTasks: number;
  /** Attempts that were killed. */
  numKilledTasks: number;
  /** When it began. */
  submittedAt?: number;
  /** When it ended, which tasks may outlive. */
  completedAt?: number;
  /** When a task of it ended last. */
  lastTaskEndAt?: number;
  /** Where it was started, in short. */
  callSite?: string;
  /** The cell that it belongs to. */
  cell?: ICell;
  /** Where it was started, outside of cells. */
  site?: { file: string; line: number };
  /** Absent if nobody killed it. */
  killState?: 'KILLING' | 'KILLED';
  /** Tasks that still run although the job has ended. */
  zombieTasks?: number;
  /** When somebody asked for its end. */
  killedAt?: number;
  /** Why, in their words. */
  killReason?: string;
  /** Who, such as `JupyterLab`. */
  killWho?: string;
  /** Spark's text about its failure. */
  failureReason?: string;
}

export interface IStage {
  /** Counted from 0 in each application. */
  stageId: number;
  /** Counted from 0; another one repairs lost outputs. */
  attemptId: number;
  /** What made it: `map at In[3]:2`. */
  name: string;
  /** Spark's. */
  status: 'ACTIVE' | 'COMPLETE' | 'FAILED' | 'PENDING' | 'SKIPPED';
  /** Tasks that this attempt has to run. */
  numTasks: number;
  /** Tasks that run. */
  numActiveTasks: number;
  /** Tasks that succeeded. */
  numCompleteTasks: number;
  /** Attempts that failed. */
  numFailedTasks: number;
  /** Attempts that were killed. */
  numKilledTasks: number;
  /** When it began. */
  submittedAt?: number;
  /** When it ended. */
  completedAt?: number;
  /** When a task of it ended last. */
  lastTaskEndAt?: number;
  /** Spark's text about its failure. */
  failureReason?: string;
  /** Jobs that need it. */
  jobIds?: number[];
  /** Stages that have to end before it can start. */
  waitsFor?: number[];
  /** Of the tasks that succeeded. */
  medianTaskMs?: number;
  /** Of the tasks that succeeded. */
  slowestTaskMs?: number;
  /** Tasks that still run although it has ended. */
  zombieTasks?: number;
}

export interface ITask {
  /** Counted from 0 in each application, each attempt anew. */
  taskId: number;
  /** The partition, counted from 0. */
  index: number;
  /** Counted from 0. */
  attempt: number;
  /** Where it ran. */
  executorId: string;
  /** Spark's: RUNNING, SUCCESS, FAILED, KILLED, UNKNOWN. */
  status: string;
  /** ISO time, as Spark writes it. */
  launchTime: string;
  /** So far, if it runs. */
  duration?: number;
  /** Why it failed or was killed. */
  errorMessage?: string;
  /** Of its executor. */
  pid?: number;
  /** Whether somebody asked for its end, and it runs on. */
  killing?: boolean;
  /** Why it was killed, in their words. */
  killReason?: string;
}

export interface IExecutor {
  /** A number, or `driver`. */
  id: string;
  /** Whether its process lives. */
  isActive: boolean;
  /** Cached partitions that it used last. */
  rddBlocks: number;
  /** Tasks that it runs. */
  activeTasks: number;
  /** Tasks that succeeded on it. */
  completedTasks: number;
  /** Why it ended. */
  removeReason?: string;
  /** Of its process. */
  pid?: number;
  /** What it does. */
  state?: 'idle' | 'busy' | 'killing' | 'dead';
  /** Tasks that it runs now. */
  taskIds?: number[];
  /** Of one core, over about the last second. */
  cpuPercent?: number | null;
  /** Memory of its process. */
  rssBytes?: number | null;
  /** How often a task had to be ended with its process. */
  forcedKills?: number;
}

export interface IRdd {
  /** Counted from 0 in each application. */
  id: number;
  /** The user's name for it, else its kind. */
  name: string;
  /** All that it has. */
  numPartitions: number;
  /** Those that are cached. */
  numCachedPartitions: number;
  /** In the file system of memory. */
  memoryUsed: number;
  /** On disk. */
  diskUsed: number;
}

export interface IHolder {
  /** In words, such as `variable r` or `Out[4]`. */
  path: string;
  /** Whether Release may drop it: the notebook's own names only. */
  forgettable: boolean;
}

export interface ITracked {
  /** What it is. */
  kind: 'rdd' | 'shuffle' | 'broadcast' | 'accumulator' | 'checkpoint';
  /** Counted from 0 for each kind. */
  id: number;
  /** The user's name for it. */
  name?: string;
  /** Where it was made. */
  callSite?: string;
  /** The cell that made it. */
  cell?: ICell;
  /** Its blocks in memory. */
  memoryBytes?: number;
  /** Its blocks on disk. */
  diskBytes?: number;
  /** How many. */
  blocks?: number;
  /** Those that used its blocks last. */
  executors?: string[];
  /** When it was made. */
  createdAt?: number;
  /** `queued`: nobody holds it any more, and the cleaner has not come to it. */
  state: 'live' | 'queued' | 'cleaning' | 'cleaned' | 'error' | 'orphaned';
  /** When it was cleaned. */
  doneAt?: number;
  /** Why it could not be cleaned. */
  error?: string;
  /** Present where somebody asked for it. */
  heldBy?: IHolder[];
  /** Whether its blocks can be given up while it lives. */
  canUnpersist?: boolean;
}

export interface ICleaner {
  /** `off`: `spark.cleaner.referenceTracking` is false. */
  state: 'off' | 'waiting' | 'cleaning' | 'stopped';
  /** What it cleans now, or nothing. */
  now?: string;
  /** How many things wait for it. */
  queue: number;
  /** How many it watches, by kind. */
  tracked: Record<string, number>;
  /** How many it has cleaned, by kind. */
  cleaned: Record<string, number>;
  /** How often it has failed. */
  errors: number;
  /** What it cleaned last. */
  last?: { task: string; at: number; tookMs: number } | null;
  /** When Python's garbage was collected last, by whom, and when it will be again. */
  gc?: {
    last?: { at: number; by: string; tookMs: number; collected: number } | null;
    nextAt?: number | null;
  };
  /** The things themselves, where they are asked for. */
  rows?: ITracked[];
  /** How many rows of things that live are not told. */
  omitted?: number;
}

/** How one kill went, from its order to its end. */
export interface IKillCard {
  /** Counted from 0 in each application. */
  id: number;
  /** What was to end. */
  scope:
    'job' | 'stage' | 'task' | 'group' | 'tag' | 'executor' | 'application';
  /** Which one: an id or a name. */
  target: string;
  /** Who asked for it. */
  who: string;
  /** Why, in their words. */
  reason: string;
  /** When. */
  at: number;
  /** Jobs that it was to end. */
  jobs: number[];
  /** Tasks that ran then. */
  tasks: IKilledTask[];
  /** `killed` once all of it has ended. */
  state: 'killing' | 'killed';
  /** From the order to the last end. */
  tookMs?: number | null;
  /** Threads of the application's user that go on after its kill. */
  threads?: ILeftThread[];
}

export interface ILeftThread {
  /** As Python calls it. */
  name: string;
  /** Others keep the process alive. */
  isDaemon: boolean;
}

export interface IKilledTask {
  /** Counted from 0 in each application. */
  taskId: number;
  /** Where it ran. */
  executorId: string;
  /** Of its executor. */
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
  /** Tells it from a driver's own answer. */
  from: 'outside';
  /** `killing` if something is left; `executors-ended` if of an application the driver is. */
  result: 'killing' | 'killed' | 'executors-ended' | 'nothing-runs';
  /** What was to end. */
  scope: string;
  /** Which one, as a kill's card has it; null for several executors. */
  target: string | null;
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
  /** Whether the kernel's process is still there. */
  driverLives: boolean;
  /** From the order to the last end. */
  tookMs: number;
}

export interface IThread {
  /** Python's. */
  threadId: number;
  /** Python's. */
  threadName: string;
  /** Java's word for it. */
  threadState: string;
  /** Frames, the outermost first, each with its line of code. */
  stackTrace: { elems: string[] };
  /** Whether Python does not wait for it at exit. */
  isDaemon: boolean;
  /** The system's. */
  nativeId?: number;
  /** Whose it is. */
  owner?: 'engine' | 'jupyter' | 'user';
  /** Where it was started: `In[3]:2`. */
  startedAt?: string;
  /** Of one core, over about the last second. */
  cpuPercent?: number | null;
  /** Whether Python waits for it at exit. */
  keepsProcessAlive?: boolean;
  /** The task that it runs. */
  taskId?: number;
  /** The job that it waits for. */
  jobId?: number;
  /** The cell that started it, or that it runs. */
  cell?: ICell;
  /** In words; empty if it runs. */
  waitsFor?: string;
  /** For how long its innermost frame has stood on the same line. */
  sameLineSeconds?: number;
  /** `python`, or `faulthandler` where C code holds the interpreter. */
  sampledBy?: string;
}

export interface ISnapshot {
  /** The application as a whole. */
  application: IApplication;
  /** Those that run, and the newest others. */
  jobs: IJob[];
  /** Those that run, and the newest others. */
  stages: IStage[];
  /** All there have been, and the driver. */
  executors: IExecutor[];
  /** Those of which something is cached. */
  rdds: IRdd[];
  /** The cleaner as a whole. */
  cleaner: ICleaner;
  /** The newest. */
  kills: IKillCard[];
  /** How many rows are left out of a list. */
  omitted: { jobs?: number; stages?: number };
}

/** One row that is new or different. */
export interface IChange {
  /** The change's number; the next one has the next. */
  seq?: number;
  /** The list that it is about. */
  kind:
    'application' | 'job' | 'stage' | 'executor' | 'rdd' | 'cleaner' | 'kill';
  /** What identifies the row in it. */
  key: string;
  /** Null if it was forgotten. */
  row: unknown;
}
