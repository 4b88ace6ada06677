// Cached RDDs: how much of each is where.

import { h } from './dom.js';
import { bytes, cellName, plural, shortSite } from './format.js';
import { button, empty, meter, opener, pending } from './parts.js';
import { mayChange } from './request.js';

export function storageView(ui) {
  const rdds = [...ui.model.rdds.values()].sort((a, b) => b.id - a.id);
  if (rdds.length === 0) {
    return empty('Nothing is cached', 'What several jobs read can be kept:',
      'words = sc.textFile("book.txt").flatMap(str.split).cache()\nwords.count()');
  }
  return rdds.map(rdd => rddRow(ui, rdd));
}

function rddRow(ui, rdd) {
  const key = `rdd-${rdd.id}`;
  return h('article', { key, class: 'row' },
    h('div', { class: 'line' },
      opener(ui, key, `Partitions of RDD ${rdd.id}`,
        h('span', { class: 'number' }, `RDD ${rdd.id}`), h('span', { class: 'name' }, rdd.name)),
      h('div', { class: 'usage wide' },
        meter(rdd.numCachedPartitions, rdd.numPartitions, 'cached partitions'),
        `${rdd.numCachedPartitions}/${rdd.numPartitions} cached`),
      h('span', { class: 'time' }, bytes(rdd.memoryUsed + rdd.diskUsed)),
      mayChange && !ui.model.isStopped && button('Unpersist', () => ui.order(key,
        `storage/rdd/${rdd.id}/unpersist`, {}, null, () => `RDD ${rdd.id} is not cached any more.`),
      { 'aria-label': `Unpersist RDD ${rdd.id}`, disabled: ui.sent.has(key) })),
    h('p', { class: 'soft details' }, [
      rdd.storageLevel, `memory ${bytes(rdd.memoryUsed)}`, `disk ${bytes(rdd.diskUsed)}`,
      cellName(rdd.cell), shortSite(rdd.callSite)
    ].filter(Boolean).map((text, at) => h('span', { key: at }, text))),
    ui.open.has(key) && partitions(ui, rdd));
}

function partitions(ui, rdd) {
  const listing = ui.model.use(`storage/rdd/${rdd.id}`, 3000);
  const blocks = listing.value?.partitions ?? [];
  return h('div', { class: 'below' }, pending(listing),
    blocks.slice(0, 200).map(block => h('p', { key: block.blockName, class: 'details' },
      [block.blockName, `memory ${bytes(block.memoryUsed)}`, `disk ${bytes(block.diskUsed)}`,
        block.executors.length > 0 && `read by ${block.executors.join(', ')}`]
        .filter(Boolean).map((text, at) => h('span', { key: at }, text)))),
    blocks.length > 200 && h('p', { class: 'soft' }, `and ${plural(blocks.length - 200, 'block')}`));
}
