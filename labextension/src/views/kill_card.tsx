import React, { useState } from 'react';

import { framesOf } from '../model/frames';
import { IKillCard } from '../model/rows';
import { forcedAfterMs } from '../model/words';
import { useEnv } from './env';
import { duration, scopeWord, timeOfDay } from './format';
import { Action } from './parts';
import { Frames } from './stack';

/** What is left to know after a kill: who, when, why, how far it reached, where tasks stood. */
export function KillCard({ card }: { card: IKillCard }): JSX.Element | null {
  const { trans } = useEnv();
  const [open, setOpen] = useState(false);
  const forced = forcedAfterMs(card);
  const stacks = card.tasks.filter(task => task.lastStack?.length);
  const what = scopeWord(card.scope, trans, card.target);
  return (
    <div
      className="jp-Spark-card"
      role="status"
      aria-label={trans.__('After the kill of %1', what)}
    >
      <p>
        <b>
          {card.state === 'killing'
            ? trans.__('Killing %1', what)
            : trans.__('Killed %1', what)}
        </b>{' '}
        {timeOfDay(card.at)}
        {card.who && ' · ' + trans.__('from %1', card.who)}
      </p>
      <p className="jp-Spark-facts">
        {card.reason && <span>{card.reason}</span>}
        <span>{trans._n('%1 job', '%1 jobs', card.jobs.length)}</span>
        <span>{trans._n('%1 task', '%1 tasks', card.tasks.length)}</span>
        {card.tookMs != null && (
          <span>{trans.__('ended in %1', duration(card.tookMs, trans))}</span>
        )}
        {forced !== null && (
          <span>{trans.__('forced after %1', duration(forced, trans))}</span>
        )}
        {card.threads?.length ? (
          <span>
            {trans.__(
              'threads left: %1',
              card.threads
                .map(each =>
                  each.isDaemon
                    ? trans.__('%1 (daemon)', each.name)
                    : trans.__('%1 (keeps the process alive)', each.name)
                )
                .join(', ')
            )}
          </span>
        ) : null}
      </p>
      {stacks.length > 0 && (
        <Action
          text={open ? trans.__('Hide stacks') : trans.__('Last stacks')}
          label={trans.__('Where its tasks stood')}
          onAct={() => setOpen(!open)}
        />
      )}
      {open &&
        stacks.map(task => (
          <div key={task.taskId}>
            <p className="jp-Spark-hint">
              {trans.__('task %1 on executor %2', task.taskId, task.executorId)}
            </p>
            <Frames frames={framesOf(task.lastStack!)} />
          </div>
        ))}
    </div>
  );
}
