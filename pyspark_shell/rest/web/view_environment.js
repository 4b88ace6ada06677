// What the application was configured with; secrets are not among it.

import { h } from './dom.js';
import { empty, pending } from './parts.js';

const PARTS = [
  ['sparkProperties', 'Spark properties'], ['systemProperties', 'System'],
  ['classpathEntries', 'Where code is found']
];

/** How many events wait for listeners, and how many were dropped. */
function queues(ui) {
  return (ui.model.use('listenerBus', 2000).value ?? []).map(queue =>
    [queue.name, `${queue.depth} of ${queue.capacity} wait, ${queue.dropped} dropped`]);
}

export function environmentView(ui) {
  const listing = ui.model.use('environment', 30_000);
  if (listing.value === null) return pending(listing);
  const wanted = (ui.search.environment ?? '').toLowerCase();
  const matches = pair => pair.join(' ').toLowerCase().includes(wanted);
  const parts = [['runtime', 'Runtime', Object.entries(listing.value.runtime ?? {})],
    ['bus', 'Listener bus', queues(ui)],
    ...PARTS.map(([name, title]) => [name, title, listing.value[name] ?? []])];
  const found = parts.map(([name, title, pairs]) => [name, title, pairs.filter(matches)])
    .filter(([, , pairs]) => pairs.length > 0);
  return [
    h('div', { class: 'summary', key: 'summary' }, h('input', {
      type: 'search', placeholder: 'Search  ( / )', 'aria-label': 'Search in properties',
      value: ui.search.environment ?? '', oninput: event => ui.find('environment', event.target.value)
    })),
    found.length === 0 && empty('Nothing matches', 'Keys and values are searched.'),
    found.map(([name, title, pairs]) => [
      h('h2', { key: `${name}-title` }, title),
      h('dl', { class: 'properties', key: name }, pairs.map(([key, value]) =>
        h('div', { key }, h('dt', {}, key), h('dd', {}, String(value)))))
    ])
  ];
}
