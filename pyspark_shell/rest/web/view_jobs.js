// Jobs: what runs first, then what ended, and what became of kills.

import { h } from './dom.js';
import { ago, cellName, clock, duration, jobState, lastLine, plural, shortSite } from './format.js';
import { bar, button, empty, killButton, opener, pill, reason, stack } from './parts.js';
import { stageRow } from './view_stages.js';
import { taskRow } from './view_tasks.js';

const LIVE = ['killing', 'running', 'waiting'];
// A kill that takes longer than this has met something that does not stop.
const STUBBORN_MS = 3_000;

export function jobsView(ui) {
  const { model } = ui;
  const jobs = [...model.jobs.values()].sort((a, b) => b.jobId - a.jobId);
  const live = jobs.filter(job => LIVE.includes(jobState(job)));
  const ended = jobs.filter(job => !LIVE.includes(jobState(job)));
  if (jobs.length === 0) {
    return empty('No job has run yet', 'An action, such as a sum, starts one:',
      'sc.parallelize(range(1000), 8).map(lambda n: n * n).sum()');
  }
  return [
    live.length > 0 && h('h2', { key: 'live' }, 'Running'),
    live.map(job => jobRow(ui, job)),
    killCards(ui),
    ended.length > 0 && h('h2', { key: 'ended' }, 'Ended'),
    ended.map(job => jobRow(ui, job)),
    model.omitted.jobs > 0 && h('p', { class: 'soft', key: 'omitted' },
      `and ${model.omitted.jobs} older ones`)
  ];
}

function jobRow(ui, job) {
  const key = `job-${job.jobId}`;
  const state = jobState(job);
  const until = job.completedAt ?? Date.now();
  return h('article', { key, class: `row ${state}` },
    h('div', { class: 'line of-tasks' },
      opener(ui, key, `Stages of job ${job.jobId}`,
        h('span', { class: 'number' }, `#${job.jobId}`),
        h('span', { class: 'name', title: job.callSite }, job.description || shortSite(job.callSite))),
      pill(state),
      bar(counts(job), `Tasks of job ${job.jobId}`),
      h('span', { class: 'time' }, duration(until - job.submittedAt)),
      h('span', { class: 'buttons' }, job.status === 'RUNNING' && killButton(ui, {
        what: `job ${job.jobId}`, path: `jobs/${job.jobId}/kill`, key
      }))),
    h('p', { class: 'soft details' }, details(job, state).map((text, at) =>
      h('span', { key: at }, text))),
    ui.open.has(key) && state === 'failed' && reason(job.failureReason),
    state === 'killing' && Date.now() - (job.completedAt ?? 0) > STUBBORN_MS && stubborn(ui, job),
    ui.open.has(key) && stagesOf(ui, job));
}

function counts(job) {
  return {
    done: job.numCompletedIndices ?? job.numCompletedTasks, running: job.numActiveTasks,
    failed: job.numFailedTasks, killed: job.numKilledTasks, total: job.numTasks
  };
}

function details(job, state) {
  const found = [cellName(job.cell)];
  if (job.description) found.push(shortSite(job.callSite));
  if (job.jobGroup) found.push(`group ${job.jobGroup}`);
  found.push(...(job.jobTags ?? []).map(tag => `tag ${tag}`));
  if (job.pool && job.pool !== 'default') found.push(`pool ${job.pool}`);
  if (state === 'running') {
    found.push(job.lastTaskEndAt ? `last task ${ago(job.lastTaskEndAt)}` : 'no task has ended yet');
  } else if (state === 'waiting') {
    found.push('waits for a free executor');
  } else if (state === 'killing') {
    const since = duration(Date.now() - (job.completedAt ?? Date.now()));
    found.push(`killing · ${plural(job.zombieTasks, 'task')} still running, ${since}`);
  } else if (state === 'killed') {
    const took = job.killedAt && job.completedAt ? ` in ${duration(job.killedAt - job.completedAt)}` : '';
    const who = job.killWho ? ` from ${job.killWho}` : '';
    found.push(`killed${took}${who}${job.killReason ? `: ${job.killReason}` : ''}`);
  } else {
    if (state === 'failed') found.push(lastLine(job.failureReason));
    found.push(`ended ${ago(job.completedAt)}`);
  }
  if (job.numSkippedStages) found.push(`${plural(job.numSkippedStages, 'stage')} skipped`);
  return found.filter(Boolean);
}

/** Tasks that do not stop, where they hang, and what can be done. */
function stubborn(ui, job) {
  const stages = [...ui.model.stages.values()].filter(stage => stage.jobIds?.includes(job.jobId));
  const tasks = stages.filter(stage => stage.zombieTasks).flatMap(stage => {
    const path = `stages/${stage.stageId}/${stage.attemptId}/taskList?status=RUNNING&length=5`;
    return ui.model.use(path, 1000).value ?? [];
  });
  return h('div', { class: 'below' }, tasks.map(task => taskRow(ui, task, { isStubborn: true })));
}

function stagesOf(ui, job) {
  const stages = [...ui.model.stages.values()]
    .filter(stage => job.stageIds.includes(stage.stageId))
    .sort((a, b) => b.stageId - a.stageId || b.attemptId - a.attemptId);
  if (stages.length === 0) {
    return h('p', { class: 'soft below' }, 'Its stages are not remembered any more.');
  }
  return h('div', { class: 'below' }, stages.map(stage => stageRow(ui, stage)));
}

// Post-mortem cards --------------------------------------------------------------------------

function killCards(ui) {
  const cards = [...ui.model.kills.values()].sort((a, b) => b.id - a.id).slice(0, 20);
  if (cards.length === 0) return null;
  return h('details', { class: 'kills', key: 'kills' },
    h('summary', {}, h('h2', {}, 'Kills'), h('span', { class: 'badge' }, cards.length)),
    cards.map(card => killCard(ui, card)));
}

function killCard(ui, card) {
  const took = card.tookMs !== undefined ? ` in ${duration(card.tookMs)}` : '';
  const forced = card.tasks.filter(task => task.forced).length;
  return h('article', { key: card.id, class: `row card ${card.state}` },
    h('div', { class: 'line' },
      h('strong', { class: 'name' }, `${card.scope} ${card.target}`), pill(card.state),
      h('span', { class: 'time' }, clock(card.at))),
    h('p', { class: 'soft details' }, [
      `${card.state}${took}`, card.who && `from ${card.who}`, card.reason,
      card.jobs.length > 0 && `job${card.jobs.length > 1 ? 's' : ''} ${card.jobs.join(', ')}`,
      plural(card.tasks.length, 'task'), forced > 0 && `${forced} forced`
    ].filter(Boolean).map((text, at) => h('span', { key: at }, text))),
    card.tasks.map(task => h('div', { key: task.taskId, class: 'killed-task' },
      h('p', { class: 'details' },
        `task ${task.taskId} on executor ${task.executorId}` +
        (task.pid ? ` (pid ${task.pid})` : '') +
        (task.endedAfterMs === undefined ? ' has not ended'
          : ` ended after ${duration(task.endedAfterMs)}`) +
        (task.forced ? ', by force' : '')),
      task.lastStack?.length > 0 && lastStack(ui, card, task))));
}

function lastStack(ui, card, task) {
  const key = `card-${card.id}-${task.taskId}`;
  return [
    button(ui.open.has(key) ? 'Hide stack' : 'Last stack', () => ui.toggle(key)),
    ui.open.has(key) && stack({ stackTrace: { elems: frames(task.lastStack) } },
      'where it was last seen')
  ];
}

/** Lines of a dump as frames: a line of code belongs to the place above it. */
function frames(lines) {
  const found = [];
  for (const line of lines) {
    if (found.length === 0 || /^\s*File "/.test(line)) found.push(line);
    else found[found.length - 1] += `\n${line}`;
  }
  return found;
}
