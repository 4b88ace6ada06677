// Numbers and states as people say them.

/** `0.4 s`, `3.1 s`, `2 min 5 s`, `1 h 4 min`. */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '';
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `now`, `2 s ago`, `5 min ago`. */
export function ago(atMs, nowMs = Date.now()) {
  if (!atMs) return '';
  const seconds = Math.floor((nowMs - atMs) / 1000);
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `at ${clock(atMs)}`;
}

/** `14:05:09`. */
export function clock(atMs) {
  return atMs ? new Date(atMs).toLocaleTimeString([], { hour12: false }) : '';
}

/** `0 B`, `14.2 KiB`, `3.0 GiB`. */
export function bytes(count) {
  if (!count) return '0 B';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 2 ** (10 * power);
  return power ? `${value.toFixed(1)} ${units[power]}` : `${count} B`;
}

/** `1 task`, `3 tasks`. */
export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** One of the six words for a job: waiting, running, killing, killed, failed, done. */
export function jobState(job) {
  if (job.status === 'RUNNING') {
    return job.numActiveTasks || job.numCompletedTasks ? 'running' : 'waiting';
  }
  if (job.status === 'SUCCEEDED') return 'done';
  if (job.killState === 'KILLING') return 'killing';
  return job.killState === 'KILLED' ? 'killed' : 'failed';
}

/** A stage's state in the same words, and `skipped`. */
export function stageState(stage) {
  if (stage.zombieTasks) return 'killing';
  if (stage.status === 'ACTIVE' && !stage.numActiveTasks && !stage.numCompleteTasks) return 'waiting';
  const words = { ACTIVE: 'running', PENDING: 'waiting', COMPLETE: 'done', SKIPPED: 'skipped' };
  return words[stage.status] ?? (isKilled(stage) ? 'killed' : 'failed');
}

/** The line of a failure that says what it was; a traceback's stands at its end. */
export function lastLine(text) {
  const lines = (text ?? '').replace(/Driver stacktrace:\s*$/, '').trim().split('\n');
  return lines.at(-1).trim();
}

function isKilled(stage) {
  return (stage.failureReason ?? '').includes('SPARK_JOB_CANCELLED');
}

/** A task's state in the same words. */
export function taskState(task) {
  if (task.killing && task.status === 'RUNNING') return 'killing';
  const words = { RUNNING: 'running', SUCCESS: 'done', FAILED: 'failed', KILLED: 'killed' };
  return words[task.status] ?? task.status.toLowerCase();
}

/** `In [3]`, with the thread if it is not the cell's own; null outside notebooks. */
export function cellName(cell) {
  if (!cell) return null;
  return cell.thread ? `In [${cell.prompt}] · thread ${cell.thread}` : `In [${cell.prompt}]`;
}

/** A call site without the folders of its file. */
export function shortSite(text) {
  return (text ?? '').replace(/ at (?:.*\/)([^/]+:\d+)$/, ' at $1');
}
