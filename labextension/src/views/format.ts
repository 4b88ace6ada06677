import { TranslationBundle } from '@jupyterlab/translation';

import { State } from '../model/words';

/** A duration with two or three digits: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number, trans: TranslationBundle): string {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 1) {
    return seconds < 0.1
      ? trans.__('%1 ms', Math.round(seconds * 1000))
      : trans.__('%1 s', seconds.toFixed(1));
  }
  if (seconds < 60) {
    return trans.__(
      '%1 s',
      seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)
    );
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? trans.__('%1 min %2 s', minutes, Math.floor(seconds % 60))
    : trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}

/** The same in whole seconds, for what counts on while one looks. */
export function seconds(ms: number, trans: TranslationBundle): string {
  return ms < 60000
    ? trans.__('%1 s', Math.max(Math.round(ms / 1000), 0))
    : duration(ms, trans);
}

/** A duration that does not change while one reads it: `< 1 min`, `12 min`, `2 h 5 min`. */
export function inMinutes(ms: number, trans: TranslationBundle): string {
  const minutes = Math.floor(ms / 60000);
  return minutes < 1
    ? trans.__('< 1 min')
    : minutes < 60
      ? trans.__('%1 min', minutes)
      : trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}

/** A size: `640 B`, `3.2 KiB`, `18 MiB`. */
export function bytes(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** The time of day, by the reader's clock. */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}

/** What a kill meant, in the reader's language: `job 7`, `the application`. */
export function scopeWord(
  scope: string,
  trans: TranslationBundle,
  target?: string | number | null
): string {
  const which = target ?? '';
  switch (scope) {
    case 'job':
      return trans.__('job %1', which);
    case 'stage':
      return trans.__('stage %1', which);
    case 'task':
      return trans.__('task %1', which);
    case 'group':
      return trans.__('group %1', which);
    case 'tag':
      return trans.__('tag %1', which);
    case 'executor':
      return trans.__('executor %1', which);
    case 'application':
      return trans.__('the application');
    default:
      return `${scope} ${which}`;
  }
}

/** What the cleaner watches, in the reader's language: `rdd 3`. */
export function trackedWord(
  kind: string,
  id: number,
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'rdd':
      return trans.__('rdd %1', id);
    case 'shuffle':
      return trans.__('shuffle %1', id);
    case 'broadcast':
      return trans.__('broadcast %1', id);
    case 'accumulator':
      return trans.__('accumulator %1', id);
    case 'checkpoint':
      return trans.__('checkpoint %1', id);
    default:
      return `${kind} ${id}`;
  }
}

/** What a thread does, in the reader's language, by Java's name of its state. */
export function threadStateWord(
  state: string,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'NEW':
      return trans.__('new');
    case 'RUNNABLE':
      return trans.__('runnable');
    case 'BLOCKED':
      return trans.__('blocked');
    case 'WAITING':
      return trans.__('waiting');
    case 'TIMED_WAITING':
      return trans.__('timed waiting');
    case 'TERMINATED':
      return trans.__('terminated');
    default:
      return state.toLowerCase();
  }
}

/** A state in the reader's language. */
export function stateWord(state: State, trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('waiting');
    case 'running':
      return trans.__('running');
    case 'killing':
      return trans.__('killing');
    case 'killed':
      return trans.__('killed');
    case 'failed':
      return trans.__('failed');
    case 'done':
      return trans.__('done');
    case 'skipped':
      return trans.__('skipped');
  }
}
