import { IChange, ISnapshot } from './rows';

/** Returns the snapshot with the changes in it; lists that no change touches stay the same. */
export function applyChanges(
  snapshot: ISnapshot,
  changes: IChange[]
): ISnapshot {
  const next = { ...snapshot };
  for (const { kind, key, row } of changes) {
    switch (kind) {
      case 'application':
        next.application =
          (row as ISnapshot['application']) ?? next.application;
        break;
      case 'cleaner':
        next.cleaner = (row as ISnapshot['cleaner']) ?? next.cleaner;
        break;
      case 'job':
        next.jobs = replaced(next.jobs, key, row, r => `${r.jobId}`);
        break;
      case 'stage':
        next.stages = replaced(
          next.stages,
          key,
          row,
          r => `${r.stageId}.${r.attemptId}`
        );
        break;
      case 'executor':
        next.executors = replaced(next.executors, key, row, r => r.id);
        break;
      case 'rdd':
        next.rdds = replaced(next.rdds, key, row, r => `${r.id}`);
        break;
      case 'kill':
        next.kills = replaced(next.kills, key, row, r => `${r.id}`);
        break;
    }
  }
  return next;
}

/** A row keeps its place; a new one comes last, a forgotten one goes. */
function replaced<T>(
  rows: T[],
  key: string,
  row: unknown,
  keyOf: (row: T) => string
): T[] {
  const wanted = row ? keyOf(row as T) : key;
  const at = rows.findIndex(other => keyOf(other) === wanted);
  if (!row) {
    return at < 0 ? rows : rows.filter((_, i) => i !== at);
  }
  return at < 0
    ? [...rows, row as T]
    : rows.map((other, i) => (i === at ? (row as T) : other));
}
