import React from 'react';

import { ISnapshot, ITask } from '../model/rows';
import { isActive, launchedTasks, stageState, taskState } from '../model/words';
import { useEnv, useWatch } from './env';
import { seconds } from './format';

/** How far back it looks. */
const SPAN_MS = 60000;
/** The newest so many. */
const TASKS = 400;
const COLUMNS = 'taskId,executorId,status,launchTime,duration';

/** When each executor ran tasks of the newest stage, over the last minute. */
export function Timeline({ snapshot }: { snapshot: ISnapshot }): JSX.Element {
  const { trans } = useEnv();
  const started = snapshot.stages.filter(
    stage => stage.submittedAt && launchedTasks(stage) > 0
  );
  const stage = started.reduce<(typeof started)[number] | null>(
    (newest, each) =>
      !newest || each.submittedAt! >= newest.submittedAt! ? each : newest,
    null
  );
  return stage ? (
    <Lanes
      key={`${stage.stageId}.${stage.attemptId}`}
      path={`stages/${stage.stageId}/${stage.attemptId}/taskList`}
      active={isActive(stageState(stage))}
      title={trans.__('Tasks of stage %1 by executor', stage.stageId)}
    />
  ) : (
    <p className="jp-Spark-hint">{trans.__('No stage has run yet.')}</p>
  );
}

interface ILanesProps {
  path: string;
  active: boolean;
  title: string;
}

function Lanes({ path, active, title }: ILanesProps): JSX.Element {
  const { model, trans } = useEnv();
  const { value, error } = useWatch<ITask[]>(path, active ? 1000 : 10000, {
    length: TASKS,
    sortBy: '-ID',
    columns: COLUMNS
  });
  const tasks = (value ?? []).map(task => {
    const begin = Date.parse(task.launchTime.replace('GMT', 'Z'));
    return {
      ...task,
      begin,
      end:
        task.duration === undefined || task.status === 'RUNNING'
          ? model.now
          : begin + task.duration
    };
  });
  const end = active ? model.now : Math.max(...tasks.map(task => task.end), 0);
  const begin = Math.max(
    Math.min(...tasks.map(task => task.begin), end),
    end - SPAN_MS
  );
  const span = Math.max(end - begin, 1);
  if (!tasks.length) {
    return <p className="jp-Spark-hint">{error || trans.__('Loading…')}</p>;
  }
  const lanes = [...new Set(tasks.map(task => task.executorId))].sort(
    (a, b) => Number(a) - Number(b)
  );
  return (
    <figure className="jp-Spark-timeline" aria-label={title}>
      {error && <p className="jp-Spark-refusal">{error}</p>}
      {lanes.map(executor => (
        <div key={executor} className="jp-Spark-lane">
          <span>{executor}</span>
          <div>
            {tasks
              .filter(task => task.executorId === executor && task.end >= begin)
              .map(task => (
                <span
                  key={task.taskId}
                  className={`jp-mod-${taskState(task.status)}`}
                  title={trans.__('task %1', task.taskId)}
                  style={{
                    left: `${(100 * Math.max(task.begin - begin, 0)) / span}%`,
                    width: `${(100 * (task.end - Math.max(task.begin, begin))) / span}%`
                  }}
                />
              ))}
          </div>
        </div>
      ))}
      <figcaption>
        {title} · {seconds(span, trans)}
      </figcaption>
    </figure>
  );
}
