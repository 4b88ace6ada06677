// Executors: one process each, what it runs and uses, its stack and its output.

import { h } from './dom.js';
import { bytes, duration, plural } from './format.js';
import { button, empty, killButton, meter, pending, pill, stack } from './parts.js';
import { liveStack } from './view_tasks.js';
import { download } from './view_threads.js';

export function executorsView(ui) {
  const all = [...ui.model.executors.values()].filter(each => each.id !== 'driver')
    .sort((a, b) => Number(b.isActive) - Number(a.isActive) || Number(a.id) - Number(b.id));
  const driver = ui.model.executors.get('driver');
  if (all.length === 0) {
    return empty('No executor has started yet',
      'The first job starts them: one process for each of the cores that the master names, such ' +
      'as local[4].');
  }
  return [driver, ...all].filter(Boolean).map(row => executorRow(ui, row));
}

function executorRow(ui, row) {
  const key = `executor-${row.id}`;
  const isDriver = row.id === 'driver';
  const state = isDriver ? null : row.state;
  const [stackKey, logKey] = [`${key}-stack`, `${key}-log`];
  return h('article', { key, class: `row executor ${state ?? ''}` },
    h('div', { class: 'line of-executor' },
      h('strong', { class: 'name' }, isDriver ? 'driver' : `executor ${row.id}`,
        h('span', { class: 'soft' }, ` pid ${row.pid}`)),
      state ? pill(state) : h('span'),
      usage('CPU', row.cpuPercent ?? 0, 100, `${Math.round(row.cpuPercent ?? 0)} %`),
      usage('memory', row.rssBytes, Math.max(row.maxMemory, row.rssBytes), bytes(row.rssBytes)),
      h('span', { class: 'buttons' },
        row.isActive && !ui.model.isStopped &&
          toggle(ui, stackKey, isDriver ? 'Threads' : 'Stack', `executor ${row.id}`),
        !isDriver && toggle(ui, logKey, 'Output', `executor ${row.id}`),
        !isDriver && row.isActive && killButton(ui, {
          what: `executor ${row.id}`, path: `executors/${row.id}/kill`, key,
          confirm: {
            title: `Kill executor ${row.id}?`, action: 'Kill executor',
            text: `Its ${plural(row.taskIds.length, 'running task')} will run again elsewhere, ` +
              'and a fresh process takes its place. Cached partitions are kept.'
          }
        }))),
    h('p', { class: 'soft details' }, details(row, isDriver).map((text, at) =>
      h('span', { key: at }, text))),
    ui.open.has(stackKey) && row.isActive && stackOf(ui, row),
    ui.open.has(logKey) && output(ui, row));
}

function usage(name, value, max, text) {
  return h('div', { class: 'usage' }, h('span', { class: 'soft' }, name), meter(value, max, name), text);
}

function toggle(ui, key, text, what) {
  const isOpen = ui.open.has(key);
  return button(text, () => ui.toggle(key),
    { 'aria-expanded': String(isOpen), 'aria-label': `${text} of ${what}` });
}

function details(row, isDriver) {
  return [
    row.taskIds?.length > 0 && `runs task ${row.taskIds.join(', ')}`,
    !isDriver && `${plural(row.completedTasks, 'task')} done`,
    row.failedTasks > 0 && `${row.failedTasks} failed`,
    row.forcedKills > 0 && `${row.forcedKills} ended by force`,
    row.totalDuration > 0 && !isDriver && `worked ${duration(row.totalDuration)}`,
    row.rddBlocks > 0 && `${plural(row.rddBlocks, 'cached block')}, ${bytes(row.memoryUsed)}`,
    row.totalShuffleWrite > 0 && `shuffle write ${bytes(row.totalShuffleWrite)}`,
    row.idleSince ? `idle ${duration(Date.now() - row.idleSince)}`
      : !row.taskIds?.length && row.keptBecause,
    row.removeReason
  ].filter(Boolean);
}

function stackOf(ui, row) {
  if (row.taskIds?.length > 0) return liveStack(ui, `tasks/${row.taskIds[0]}/threads`);
  const listing = ui.model.use(`executors/${row.id}/threads`, 2000);
  return pending(listing) ?? [
    button('Download', () => download(listing.value, row.id),
      { key: 'download', 'aria-label': `Download threads of executor ${row.id}` }),
    listing.value.map(thread => stack(thread, `${thread.threadName} · ${thread.threadState}`))
  ];
}

function output(ui, row) {
  const key = `executor-${row.id}-stream`;
  const stream = ui.search[key] ?? 'stderr';
  const listing = ui.model.use(`executors/${row.id}/logs?stream=${stream}`, 2000);
  return h('div', { class: 'output' },
    h('div', { class: 'choices', role: 'group', 'aria-label': 'Stream' },
      ['stderr', 'stdout'].map(name => button(name, () => ui.find(key, name), {
        key: name, 'aria-pressed': String(name === stream)
      }))),
    pending(listing) ?? [
      listing.value.offset > 0 && h('p', { class: 'soft' },
        `the last ${bytes(listing.value.length)} of ${bytes(listing.value.size)}`),
      h('pre', { tabindex: '0', 'aria-label': `${stream} of executor ${row.id}` },
        listing.value.text || 'Nothing was printed.')
    ]);
}
