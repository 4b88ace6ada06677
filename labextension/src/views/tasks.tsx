import React, { useEffect, useRef, useState } from 'react';

import { IStage, ITask } from '../model/rows';
import { TaskOrder, TaskPages } from '../model/task_pages';
import { isActive, launchedTasks, stageState, taskState } from '../model/words';
import { useEnv } from './env';
import { duration } from './format';
import { Action, StateWord } from './parts';
import { TaskStack } from './stack';

/** Pixels; the style sheet says the same. */
const ROW_HEIGHT = 24;
const ROWS_IN_SIGHT = 10;
/** Rows drawn above and below those in sight, so that scrolling shows no holes. */
const MARGIN = 10;

/** The tasks of a stage attempt: a list of any length, of which only what is in sight exists. */
export function TaskList({ stage }: { stage: IStage }): JSX.Element {
  const { model, trans } = useEnv();
  const [order, setOrder] = useState<TaskOrder>('ID');
  const [first, setFirst] = useState(0);
  const [stack, setStack] = useState<number | null>(null);
  const [, redraw] = useState(0);
  const pages = useRef<TaskPages | null>(null);
  const { stageId, attemptId } = stage;
  const launched = launchedTasks(stage);
  const active = isActive(stageState(stage));

  useEffect(() => {
    const opened = model.tasks(stageId, attemptId, order, () =>
      redraw(n => n + 1)
    );
    pages.current = opened;
    redraw(n => n + 1);
    return () => opened.close();
  }, [model, stageId, attemptId, order]);

  const begin = Math.max(first - MARGIN, 0);
  const end = Math.min(first + ROWS_IN_SIGHT + MARGIN, launched);
  useEffect(() => {
    pages.current?.show(begin, end);
    pages.current?.setActive(active);
  });

  useEffect(() => setFirst(0), [order]);

  const rows = [];
  for (let row = begin; row < end; row++) {
    rows.push(
      <TaskRow
        key={row}
        task={pages.current?.at(row)}
        onStack={id => setStack(stack === id ? null : id)}
      />
    );
  }
  const name = trans.__('Tasks of stage %1', stageId);
  if (!launched) {
    return (
      <p className="jp-Spark-hint">{trans.__('No task has started yet.')}</p>
    );
  }
  return (
    <div className="jp-Spark-tasks">
      <div className="jp-Spark-tools">
        <span>{trans._n('%1 task', '%1 tasks', launched)}</span>
        <button
          className="jp-Spark-link"
          aria-pressed={order === '-runtime'}
          onClick={() => setOrder(order === 'ID' ? '-runtime' : 'ID')}
        >
          {order === 'ID'
            ? trans.__('slowest first')
            : trans.__('in order of launch')}
        </button>
      </div>
      {pages.current?.error && (
        <p className="jp-Spark-refusal">{pages.current.error}</p>
      )}
      <div
        className="jp-Spark-scroll"
        role="list"
        aria-label={name}
        tabIndex={0}
        onPointerEnter={() => pages.current?.hold(true)}
        onPointerLeave={() => pages.current?.hold(false)}
        style={{ height: Math.min(launched, ROWS_IN_SIGHT) * ROW_HEIGHT }}
        onScroll={event =>
          setFirst(Math.floor(event.currentTarget.scrollTop / ROW_HEIGHT))
        }
      >
        <div style={{ height: launched * ROW_HEIGHT }}>
          <div style={{ transform: `translateY(${begin * ROW_HEIGHT}px)` }}>
            {rows}
          </div>
        </div>
      </div>
      {stack !== null && (
        <TaskStack taskId={stack} onClose={() => setStack(null)} />
      )}
    </div>
  );
}

interface ITaskRowProps {
  /** Absent until its page has come. */
  task: ITask | undefined;
  onStack: (taskId: number) => void;
}

function TaskRow({ task, onStack }: ITaskRowProps): JSX.Element {
  const { model, trans } = useEnv();
  if (!task) {
    return (
      <div className="jp-Spark-task" role="listitem">
        …
      </div>
    );
  }
  const state = taskState(task.status, task.killing);
  const ms =
    task.duration ??
    model.now - Date.parse(task.launchTime.replace('GMT', 'Z'));
  const attempt = task.attempt
    ? ` ${trans.__('attempt %1', task.attempt + 1)}`
    : '';
  return (
    <div className="jp-Spark-task" role="listitem" title={task.errorMessage}>
      <span className="jp-Spark-id">{task.taskId}</span>
      <StateWord state={state} />
      <span className="jp-Spark-facts">
        {duration(ms, trans)} · {trans.__('executor %1', task.executorId)}
        {attempt}
      </span>
      {isActive(state) && (
        <>
          <Action
            text={trans.__('Stack')}
            label={trans.__('Stack of task %1', task.taskId)}
            onAct={() => onStack(task.taskId)}
          />
          <Action
            text={trans.__('Kill')}
            label={trans.__('Kill task %1', task.taskId)}
            danger
            disabled={state === 'killing'}
            onAct={() => model.kill('task', task.taskId)}
          />
        </>
      )}
    </div>
  );
}
