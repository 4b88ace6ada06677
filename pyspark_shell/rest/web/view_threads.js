// Threads of the driver: whose they are, what they do, and which keep the process alive.

import { h } from './dom.js';
import { cellName } from './format.js';
import { button, empty, isLibrary, opener, pending, stack } from './parts.js';
import { mayKill } from './request.js';

const OWNERS = [['user', 'Yours'], ['jupyter', 'Jupyter'], ['engine', 'The engine']];

export function threadsView(ui) {
  const listing = ui.model.use('threads', 2000);
  if (listing.value === null) return pending(listing);
  const wanted = (ui.search.threads ?? '').toLowerCase();
  const found = listing.value.filter(thread => textOf(thread).toLowerCase().includes(wanted));
  const keepers = listing.value.filter(thread => thread.keepsProcessAlive &&
    thread.threadName !== 'MainThread');
  return [
    h('div', { class: 'summary', key: 'summary' },
      h('input', {
        type: 'search', placeholder: 'Search in stacks  ( / )', 'aria-label': 'Search in stacks',
        value: ui.search.threads ?? '', oninput: event => ui.find('threads', event.target.value)
      }),
      h('span', { class: 'soft' }, states(listing.value)),
      button('Download', () => download(listing.value, 'driver'))),
    keepers.length > 0 && h('p', { class: 'note', key: 'keepers' },
      `The process will not exit before ${keepers.map(each => each.threadName).join(', ')} ` +
      `${keepers.length === 1 ? 'ends' : 'end'}.`),
    found.length === 0 && empty('No thread matches', 'Names, states and every line of the stacks are searched.'),
    OWNERS.map(([owner, title]) => {
      const threads = found.filter(thread => (thread.owner ?? 'user') === owner);
      return threads.length > 0 && [
        h('h2', { key: `${owner}-title` }, title), threads.map(thread => threadRow(ui, thread))
      ];
    })
  ];
}

function threadRow(ui, thread) {
  const key = `thread-${thread.threadId}`;
  const frame = userFrame(thread);
  return h('article', { key, class: 'row thread' },
    h('div', { class: 'line' },
      opener(ui, key, `Stack of ${thread.threadName}`, h('strong', { class: 'name' }, thread.threadName)),
      thread.keepsProcessAlive && thread.threadName !== 'MainThread' &&
        h('span', { class: 'chip warn' }, 'keeps the process alive'),
      h('span', { class: `pill thread-${thread.threadState}` }, thread.threadState.toLowerCase().replace('_', ' ')),
      thread.cpuPercent > 0.5 && h('span', { class: 'chip' }, `${Math.round(thread.cpuPercent)} % CPU`),
      mayKill && !ui.model.isStopped && (thread.owner ?? 'user') === 'user' && interruptButton(ui, thread)),
    h('p', { class: 'soft details' }, [
      cellName(thread.cell), thread.waitsFor && `waits for ${thread.waitsFor}`,
      thread.lockOwnerName && `held by ${thread.lockOwnerName}`, frame,
      thread.startedAt && `started at ${thread.startedAt}`, thread.isDaemon && 'daemon',
      thread.nativeId && `thread ${thread.nativeId}`
    ].filter(Boolean).map((text, at) => h('span', { key: at }, text))),
    ui.open.has(key) && stack(thread, `${thread.threadName} · ${thread.threadState}`));
}

function interruptButton(ui, thread) {
  const isMain = thread.threadName === 'MainThread';
  return button('Interrupt', () => ui.order(`thread-${thread.threadId}`,
    `threads/${thread.threadId}/interrupt`, {}, {
      title: `Interrupt ${thread.threadName}?`, action: 'Interrupt',
      text: isMain ? 'It gets a Ctrl-C, as in a terminal: its jobs are killed.'
        : 'KeyboardInterrupt is raised at its next line of Python; a call that blocks is not woken.'
    }, () => `${thread.threadName} is interrupted.`),
  { class: 'kill', 'aria-label': `Interrupt ${thread.threadName}`,
    disabled: ui.sent.has(`thread-${thread.threadId}`) });
}

/** The innermost frame that is the user's, as `f, file.py:7`. */
function userFrame(thread) {
  const frames = [...(thread.stackTrace?.elems ?? [])].reverse();
  const own = frames.find(frame => !isLibrary(frame));
  const match = /File "(?:.*\/)?([^"]*)", line (\d+), in (.*)/.exec(own ?? '');
  return match && `${match[3].split('\n')[0]}, ${match[1]}:${match[2]}`;
}

function states(threads) {
  const counts = new Map();
  for (const thread of threads) {
    const word = thread.threadState.toLowerCase().replace('_', ' ');
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) =>
    `${count} ${word} (${Math.round((100 * count) / threads.length)} %)`).join(' · ');
}

function textOf(thread) {
  const head = `"${thread.threadName}" ${thread.isDaemon ? 'daemon ' : ''}prio=${thread.priority} ` +
    `tid=${thread.threadId} nid=${thread.nativeId} ${thread.threadState}`;
  const waits = thread.waitsFor ? `\n   waits for ${thread.waitsFor}` : '';
  const frames = [...(thread.stackTrace?.elems ?? [])].reverse().map(each => `   ${each}`);
  return [head + waits, ...frames].join('\n');
}

/** Has the browser keep a dump, named as Spark names it. */
export function download(threads, executorId) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([threads.map(textOf).join('\n\n')], { type: 'text/plain' }));
  link.download = `threaddump_${executorId}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
