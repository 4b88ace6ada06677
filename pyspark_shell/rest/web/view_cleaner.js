// The context cleaner: what it watches, what keeps each thing alive, what it has cleaned.

import { h } from './dom.js';
import { ago, bytes, cellName, duration, plural, shortSite } from './format.js';
import { button, empty, fact, pending, pill } from './parts.js';
import { mayChange } from './request.js';

// Looking for holders walks the objects of the driver: not more often than this.
const HOLDERS_MS = 5_000;
const GLANCE_MS = 2_000;
const LINEAGE_MS = 10_000;
const WITH_LINEAGE = new Set(['rdd', 'shuffle']);

export function cleanerView(ui) {
  const looksForHolders = ui.open.has('holders');
  const path = looksForHolders ? 'cleaner?holders=true' : 'cleaner';
  const listing = ui.model.use(path, looksForHolders ? HOLDERS_MS : GLANCE_MS);
  const header = ui.model.cleaner ?? listing.value;
  if (!header) return pending(listing);
  const rows = listing.value?.rows ?? [];
  const live = rows.filter(row => row.state !== 'cleaned');
  return [
    summary(ui, header, looksForHolders),
    pending(listing),
    listing.value && rows.length === 0 && empty('Nothing to clean',
      'RDDs that are cached, shuffles and broadcasts stand here, with what keeps them alive; when ' +
      'nothing does, their blocks are removed.', 'squares = sc.range(100).cache()\nsquares.count()\n' +
      'del squares'),
    live.length > 0 && [h('h2', { key: 'live' }, 'Watched'), live.map(row => entity(ui, row))],
    rows.length > live.length && [
      h('h2', { key: 'cleaned' }, 'Cleaned'),
      rows.filter(row => row.state === 'cleaned').slice(0, 50).map(row => entity(ui, row))
    ]
  ];
}

function summary(ui, header, looksForHolders) {
  const gc = header.gc ?? {};
  const isOff = header.state === 'off';
  return h('div', { class: 'summary', key: 'summary' },
    h('dl', { class: 'facts' },
      fact('cleaner', isOff ? 'off' : header.now ? cleaning(header) : header.state),
      fact('queue', header.queue ?? 0),
      fact('watched', perKind(header.tracked)),
      fact('cleaned', perKind(header.cleaned)),
      header.errors > 0 && fact('errors', header.errors),
      header.last && fact('last', `${header.last.task} ${ago(header.last.at)}, took ` +
        duration(header.last.tookMs)),
      gc.last && fact('garbage collection', `${ago(gc.last.at)} (${gc.last.by}), ` +
        `${plural(gc.last.collected, 'object')}, took ${duration(gc.last.tookMs)}`),
      gc.nextAt && fact('next collection', `in ${duration(gc.nextAt - Date.now())}`)),
    h('div', { class: 'buttons' },
      button(looksForHolders ? 'Hide holders' : 'Show holders', () => ui.toggle('holders'),
        { 'aria-pressed': String(looksForHolders) }),
      mayChange && !ui.model.isStopped && button('Collect garbage now', () => ui.order('gc', 'cleaner/gc',
        {}, null, done => `${plural(done.collected, 'object')} found in ${duration(done.tookMs)}.`),
      { disabled: ui.sent.has('gc') })));
}

function cleaning(header) {
  const since = header.nowSince ? ` for ${duration(Date.now() - header.nowSince)}` : '';
  return `cleaning ${header.now}${since}`;
}

function perKind(counts) {
  const found = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  return found.map(([kind, count]) => `${count} ${kind}`).join(', ') || 'nothing';
}

function entity(ui, row) {
  const key = `${row.kind}-${row.id}`;
  const size = row.memoryBytes + row.diskBytes;
  return h('article', { key: `${key}-${row.state}`, class: `row ${row.state}` },
    h('div', { class: 'line of-entity' },
      h('span', { class: 'name' }, h('strong', {}, `${row.kind} ${row.id}`), ' ', row.name),
      pill(row.state, row.error),
      h('span', { class: 'time' }, size > 0 ? bytes(size) : ''),
      h('span', { class: 'buttons' }, actions(ui, row, key))),
    h('p', { class: 'soft details' }, [
      cellName(row.cell), shortSite(row.callSite), row.createdAt && `made ${ago(row.createdAt)}`,
      row.blocks > 0 && plural(row.blocks, 'block'), place(row),
      row.executors?.length > 0 && `used last by ${row.executors.join(', ')}`, row.error
    ].filter(Boolean).map((text, at) => h('span', { key: at }, text))),
    row.heldBy && held(row.heldBy),
    ui.open.has(`${key}-lineage`) && lineage(ui, row));
}

function lineage(ui, row) {
  const listing = ui.model.use(`cleaner/${row.kind}/${row.id}/lineage`, LINEAGE_MS);
  return h('div', { class: 'below' }, pending(listing),
    listing.value && h('pre', { class: 'reason' }, listing.value.lines.join('\n')));
}

function place(row) {
  return row.where?.length > 0 && `${row.state === 'cleaned' ? 'was' : 'lies'} in the ${row.where.join(' and ')}`;
}

function held(holders) {
  return h('p', { class: 'held' }, h('span', { class: 'soft' }, 'held by '),
    holders.length === 0 ? 'nothing that was found'
      : holders.map(each => h('span', { key: each.path, class: 'chip' }, each.path)));
}

function actions(ui, row, key) {
  if (ui.model.isStopped || row.state === 'cleaned') return null;
  const isShown = ui.open.has(`${key}-lineage`);
  const show = WITH_LINEAGE.has(row.kind) && row.state === 'live' && button(
    isShown ? 'Hide lineage' : 'Show lineage', () => ui.toggle(`${key}-lineage`),
    { key: 'lineage', 'aria-pressed': String(isShown),
      'aria-label': `${isShown ? 'Hide' : 'Show'} lineage of ${row.kind} ${row.id}` });
  if (!mayChange) return show;
  return [
    show,
    row.heldBy?.some(each => each.forgettable) && button('Release', () => ui.order(
      `${key}-release`, 'cleaner/forget', { kind: row.kind, id: row.id }, null, released),
    { key: 'release', 'aria-label': `Release ${row.kind} ${row.id}` }),
    row.canUnpersist && button('Unpersist', () => ui.order(key, `storage/rdd/${row.id}/unpersist`,
      {}, null, () => `RDD ${row.id} is not cached any more.`),
    { key: 'unpersist', 'aria-label': `Unpersist RDD ${row.id}` })
  ];
}

function released(answer) {
  const freed = answer.forgotten?.length ? `Released from ${answer.forgotten.join(', ')}.` : 'Nothing to release.';
  const left = answer.stillHeldBy?.length ? ` Still held by ${answer.stillHeldBy.join(', ')}.` : '';
  return freed + left;
}
