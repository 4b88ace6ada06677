// The top of the page: which application, how it is, how fresh this is; and the tabs.

import { draw, h } from './dom.js';
import { duration, jobState, plural } from './format.js';
import { killButton, pill } from './parts.js';
import { cleanerView } from './view_cleaner.js';
import { environmentView } from './view_environment.js';
import { executorsView } from './view_executors.js';
import { jobsView } from './view_jobs.js';
import { stagesView } from './view_stages.js';
import { storageView } from './view_storage.js';
import { threadsView } from './view_threads.js';

const isRunning = job => ['running', 'waiting', 'killing'].includes(jobState(job));

/** The parts of the page; `count` is how much there is to see at the moment. */
export const TABS = [
  { name: 'jobs', title: 'Jobs', view: jobsView,
    count: model => [...model.jobs.values()].filter(isRunning).length },
  { name: 'stages', title: 'Stages', view: stagesView,
    count: model => [...model.stages.values()].filter(each => each.status === 'ACTIVE').length },
  { name: 'executors', title: 'Executors', view: executorsView,
    count: model => [...model.executors.values()].filter(e => e.isActive && e.id !== 'driver').length },
  { name: 'storage', title: 'Storage', view: storageView, count: model => model.rdds.size },
  { name: 'cleaner', title: 'Cleaner', view: cleanerView, count: model => model.cleaner?.queue },
  { name: 'threads', title: 'Threads', view: threadsView, count: () => 0 },
  { name: 'environment', title: 'Environment', view: environmentView, count: () => 0 }
];

const HEALTH = {
  live: 'live', connecting: 'connecting…', lost: 'reconnecting…', ended: 'ended',
  silent: 'no answer: Python is in one long C call, or stopped'
};

export function drawHeader(ui, header, tabs) {
  const { model } = ui;
  const row = model.application;
  draw(header, row ? identity(ui, row) : h('p', { class: 'soft' }, 'Asking the driver…'));
  draw(tabs, TABS.map(tab => {
    const count = tab.count(model);
    return h('a', {
      key: tab.name, href: `#${tab.name}`, role: 'tab', 'aria-selected': String(tab === ui.tab),
      class: tab === ui.tab ? 'chosen' : ''
    }, tab.title, count ? h('span', { class: 'badge' }, count) : null);
  }));
}

function identity(ui, row) {
  const { model } = ui;
  const health = model.health();
  const until = model.isStopped ? model.heardAt : Date.now();
  const age = health === 'lost' || health === 'silent'
    ? ` · shown as of ${duration(Date.now() - model.heardAt)} ago` : '';
  return [
    h('div', { class: 'mark', 'aria-hidden': 'true' }),
    h('div', { class: 'identity' },
      h('h1', {}, row.name, ' ', pill(row.state)),
      h('p', { class: 'soft' }, [
        row.master, row.kind, `pid ${row.pid}`, row.id, `up ${duration(until - row.startedAt)}`
      ].filter(Boolean).map((text, at) => h('span', { key: at }, text))),
      why(row), dropped(row)),
    h('div', { class: 'right' },
      h('span', { class: `health ${health}`, role: 'status' },
        h('span', { class: 'dot', 'aria-hidden': 'true' }), HEALTH[health] + age),
      row.state === 'running' && killButton(ui, {
        what: `application ${row.name}`, path: 'kill', key: 'application', text: 'Kill application',
        confirm: {
          title: `Kill ${row.name}?`, action: 'Kill application',
          text: 'All its jobs end, its executors and its cached data are given up, and code that ' +
            'runs in the driver is interrupted. This cannot be undone.'
        }
      }))
  ];
}

/** Says so where a listener is too slow: what it shows may be incomplete. */
function dropped(row) {
  const queues = Object.entries(row.droppedEvents ?? {});
  if (queues.length === 0) return null;
  return h('p', { class: 'why' }, 'A listener is too slow: ' +
    queues.map(([name, count]) => `${plural(count, 'event')} dropped from queue ${name}`).join(', '));
}

function why(row) {
  const reason = row.killReason || row.stoppedReason;
  if (!reason) return null;
  return h('p', { class: 'why' }, reason, row.killWho && ` (from ${row.killWho})`);
}
