// Tasks of a stage: those that run, and the slowest of the others; each with its live stack.

import { h } from './dom.js';
import { bytes, clock, duration, lastLine, taskState } from './format.js';
import { button, killButton, pending, pill, reason, stack } from './parts.js';

const LENGTH = 20;

export function tasksOf(ui, stage) {
  const isLive = stage.status === 'ACTIVE' || stage.zombieTasks > 0;
  const path = `stages/${stage.stageId}/${stage.attemptId}/taskList`;
  const every = isLive ? 1000 : 60_000;
  const running = isLive ? ui.model.use(`${path}?status=RUNNING&length=${LENGTH}`, every) : null;
  const slowest = ui.model.use(`${path}?sortBy=-runtime&length=${LENGTH}`, every);
  const shown = new Map();
  for (const task of [...(running?.value ?? []), ...(slowest.value ?? [])]) {
    if (!shown.has(task.taskId)) shown.set(task.taskId, task);
  }
  const tasks = [...shown.values()].slice(0, LENGTH);
  const total = stage.numActiveTasks + stage.numCompleteTasks + stage.numFailedTasks +
    stage.numKilledTasks;
  return h('div', { class: 'below' },
    pending(slowest),
    slowest.value && tasks.length === 0 && h('p', { class: 'soft' }, 'None of its tasks has begun.'),
    tasks.map(task => taskRow(ui, task)),
    total > tasks.length && h('p', { class: 'soft' },
      `the running and the slowest ${tasks.length} of ${total}`));
}

/** One task; with `isStubborn` it was killed, and its executor can be ended instead. */
export function taskRow(ui, task, { isStubborn = false } = {}) {
  const key = `task-${task.taskId}`;
  const state = taskState(task);
  const isLive = task.status === 'RUNNING';
  const about = details(task);
  const { taskId } = task;
  return h('div', { key, class: `task ${state}` },
    h('div', { class: 'line' },
      h('span', { class: 'name' }, isStubborn
        ? `task ${task.taskId} on executor ${task.executorId} (pid ${task.pid}) does not stop`
        : `task ${task.taskId} · partition ${task.partitionId} · executor ${task.executorId}`),
      pill(state),
      h('span', { class: 'time' }, duration(task.duration ?? 0)),
      h('span', { class: 'buttons' }, isLive && actions(ui, task, key, isStubborn),
        hasStory(task) && button('Story', () => ui.toggle(`${key}-story`), {
          'aria-expanded': String(ui.open.has(`${key}-story`)), 'aria-label': `Story of task ${taskId}`
        }))),
    about.length > 0 && h('p', { class: 'soft details' },
      about.map((text, at) => h('span', { key: at }, text))),
    isLive && (isStubborn || ui.open.has(key)) && liveStack(ui, `tasks/${task.taskId}/threads`),
    ui.open.has(`${key}-story`) && story(ui, task));
}

/** Whether there is more to tell of a task than this one attempt. */
function hasStory(task) {
  return task.stageId !== undefined && (task.attempt > 0 || !['RUNNING', 'SUCCESS'].includes(task.status));
}

/** All attempts of a task, first to last: where each ran, and how it ended. */
function story(ui, task) {
  const listing = ui.model.use(`stages/${task.stageId}/tasks/${task.index}/story`, 2000);
  return h('ol', { class: 'story', 'aria-label': `Story of partition ${task.partitionId}` },
    pending(listing) ?? listing.value.map(each => h('li', { key: each.taskId }, chapter(each))));
}

function chapter(each) {
  const state = taskState(each);
  const where = `task ${each.taskId} · executor ${each.executorId}${each.pid ? ` (pid ${each.pid})` : ''}`;
  return [
    h('span', {}, where), ' ', pill(state), ' ',
    h('span', { class: 'soft' }, [
      `attempt ${each.attempt}${each.stageAttempt ? ` of stage attempt ${each.stageAttempt}` : ''}`,
      `began ${clock(each.startedAt)}`, duration(each.duration ?? 0), each.speculative && 'speculative',
      each.forced && 'ended by force'
    ].filter(Boolean).join(' · ')),
    reason(each.reason),
    each.lastStack.length > 0 && h('pre', { class: 'reason', tabindex: '0' },
      `last seen at\n${each.lastStack.join('\n')}`)
  ];
}

function actions(ui, task, key, isStubborn) {
  const { taskId, executorId } = task;
  return [
    !isStubborn && !ui.model.isStopped && button('Stack', () => ui.toggle(key),
      { 'aria-expanded': String(ui.open.has(key)), 'aria-label': `Stack of task ${taskId}` }),
    isStubborn ? killButton(ui, {
      what: `executor ${executorId}`, text: `Kill executor ${executorId}`,
      path: `executors/${executorId}/kill`, key: `executor-${executorId}`
    }) : killButton(ui, { what: `task ${taskId}`, path: `tasks/${taskId}/kill`, key })
  ];
}

/** The stack behind an address, sampled once a second while it is drawn. */
export function liveStack(ui, path) {
  const listing = ui.model.use(path, 1000);
  return pending(listing) ?? stack(listing.value);
}

function details(task) {
  const metrics = task.taskMetrics ?? {};
  const read = metrics.inputMetrics?.bytesRead;
  const shuffled = metrics.shuffleReadMetrics?.localBytesRead;
  const written = metrics.shuffleWriteMetrics?.bytesWritten;
  return [
    task.attempt > 0 && `attempt ${task.attempt}`,
    task.speculative && 'speculative',
    task.killing && task.killReason,
    read && `input ${bytes(read)}`,
    shuffled && `shuffle read ${bytes(shuffled)}`,
    written && `shuffle write ${bytes(written)}`,
    lastLine(task.errorMessage)
  ].filter(Boolean);
}
