import React from 'react';

import { inShort, placeOf } from '../model/frames';
import { IJob, IKillCard, ISnapshot } from '../model/rows';
import { forcedAfterMs, jobState, killOf, stubborn } from '../model/words';
import { useEnv } from './env';
import { duration } from './format';
import { Action } from './parts';

export interface IKillLineProps {
  snapshot: ISnapshot;
  job: IJob;
}

/** How the kill of a job goes: what still runs, what does not stop, how long it took. */
export function KillLine({
  snapshot,
  job
}: IKillLineProps): JSX.Element | null {
  const { model, trans } = useEnv();
  const state = jobState(job);
  const card = killOf(snapshot, job);
  if (state === 'killed') {
    return (
      <span className="jp-Spark-killLine" role="status">
        {killedWords()}
      </span>
    );
  }
  if (state !== 'killing') {
    return null;
  }
  const left =
    job.zombieTasks ||
    job.numActiveTasks ||
    card?.tasks.filter(task => task.endedAfterMs == null).length ||
    0;
  return (
    <span className="jp-Spark-killLine" role="status">
      {trans._n('%1 task still running', '%1 tasks still running', left)}
      {card && <Stubborn card={card} />}
    </span>
  );

  function killedWords(): string {
    const forced = card && forcedAfterMs(card);
    const took =
      card?.tookMs ??
      (job.killedAt && job.completedAt ? job.completedAt - job.killedAt : 0);
    const parts = [trans.__('in %1', duration(took, trans))];
    if (forced !== null) {
      parts.push(trans.__('(forced after %1)', duration(forced, trans)));
    }
    const who = card?.who || job.killWho;
    if (who && who !== model.ownName) {
      parts.push(trans.__('from %1', who));
    }
    return parts.join(' ');
  }
}

/**
 * Names the tasks that do not stop, and where they hang. Ending their executor costs nothing else:
 * blocks are files of the application.
 */
function Stubborn({ card }: { card: IKillCard }): JSX.Element {
  const { model, trans } = useEnv();
  return (
    <>
      {stubborn(card, model.now).map(task => {
        return (
          <span key={task.taskId} className="jp-Spark-stubborn" role="alert">
            {trans.__(
              'task %1 on executor %2 (pid %3) does not stop',
              task.taskId,
              task.executorId,
              task.pid
            )}
            {task.lastStack?.length ? (
              <code>{inShort(placeOf(task.lastStack))}</code>
            ) : null}
            <Action
              text={trans.__('Kill executor %1', task.executorId)}
              label={trans.__('Kill executor %1', task.executorId)}
              danger
              onAct={() => model.kill('executor', task.executorId)}
            />
          </span>
        );
      })}
    </>
  );
}
