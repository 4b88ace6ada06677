// Stages, alone and below their jobs.

import { h } from './dom.js';
import { bytes, duration, lastLine, plural, shortSite, stageState } from './format.js';
import { bar, empty, killButton, opener, pill, reason } from './parts.js';
import { tasksOf } from './view_tasks.js';

const ORDER = ['killing', 'running', 'waiting', 'failed', 'killed', 'done', 'skipped'];
const TITLES = {
  killing: 'Killing', running: 'Running', waiting: 'Waiting', failed: 'Failed', killed: 'Killed',
  done: 'Done', skipped: 'Skipped'
};
// A slowest task this much above the median is worth a word, if anybody waits for it.
const SKEW = 4;
const NOTICED_MS = 1000;

export function stagesView(ui) {
  const stages = [...ui.model.stages.values()]
    .sort((a, b) => b.stageId - a.stageId || b.attemptId - a.attemptId);
  if (stages.length === 0) {
    return empty('No stage has run yet',
      'A job is cut into stages where data has to be shuffled:',
      'sc.range(1000).map(lambda n: (n % 10, n)).reduceByKey(max).collect()');
  }
  return ORDER.map(state => {
    const found = stages.filter(stage => stageState(stage) === state);
    return found.length > 0 && [
      h('h2', { key: `${state}-title` }, TITLES[state]),
      found.map(stage => stageRow(ui, stage))
    ];
  });
}

export function stageRow(ui, stage) {
  const name = `${stage.stageId}.${stage.attemptId}`;
  const key = `stage-${name}`;
  const state = stageState(stage);
  const until = stage.completedAt ?? Date.now();
  return h('article', { key, class: `row stage ${state}` },
    h('div', { class: 'line of-tasks' },
      opener(ui, key, `Tasks of stage ${name}`,
        h('span', { class: 'number' }, `stage ${stage.attemptId ? name : stage.stageId}`),
        h('span', { class: 'name', title: stage.details }, shortSite(stage.name))),
      pill(state),
      bar(counts(stage), `Tasks of stage ${name}`),
      h('span', { class: 'time' }, stage.submittedAt ? duration(until - stage.submittedAt) : ''),
      h('span', { class: 'buttons' }, stage.status === 'ACTIVE' && killButton(ui, {
        what: `stage ${stage.stageId}`, path: `stages/${stage.stageId}/kill`, key,
        confirm: sharedBy(ui, stage)
      }))),
    h('p', { class: 'soft details' }, details(stage, state).map((text, at) =>
      h('span', { key: at }, text))),
    ui.open.has(key) && state === 'failed' && reason(stage.failureReason),
    ui.open.has(key) && tasksOf(ui, stage));
}

function counts(stage) {
  return {
    done: stage.numCompletedIndices ?? stage.numCompleteTasks, running: stage.numActiveTasks,
    failed: stage.numFailedTasks, killed: stage.numKilledTasks, total: stage.numTasks
  };
}

function details(stage, state) {
  const found = [];
  if (stage.waitsFor?.length) found.push(`waits for stage ${stage.waitsFor.join(', ')}`);
  if (state === 'killing') found.push(`${plural(stage.zombieTasks, 'task')} still running`);
  if (stage.medianTaskMs) {
    const isSkewed = stage.slowestTaskMs > Math.max(SKEW * stage.medianTaskMs, NOTICED_MS);
    found.push(`median task ${duration(stage.medianTaskMs)}`);
    found.push(`slowest ${duration(stage.slowestTaskMs)}${isSkewed ? ' (skewed)' : ''}`);
  }
  const sizes = [
    ['input', stage.inputBytes], ['output', stage.outputBytes],
    ['shuffle read', stage.shuffleReadBytes], ['shuffle write', stage.shuffleWriteBytes],
    ['spilled', stage.diskBytesSpilled]
  ];
  for (const [what, size] of sizes) if (size) found.push(`${what} ${bytes(size)}`);
  if (state === 'failed') found.push(lastLine(stage.failureReason));
  return found;
}

/** Killing a shared stage kills several jobs: that is said first. */
function sharedBy(ui, stage) {
  const jobs = (stage.jobIds ?? []).map(id => ui.model.jobs.get(String(id)))
    .filter(job => job?.status === 'RUNNING');
  if (jobs.length < 2) return null;
  return {
    title: `Kill stage ${stage.stageId}?`, action: `Kill ${jobs.length} jobs`,
    text: 'Several jobs use it, and all of them will end:',
    items: jobs.map(job => `#${job.jobId} ${job.description || shortSite(job.callSite)}`)
  };
}
