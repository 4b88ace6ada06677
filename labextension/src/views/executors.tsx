import React, { useState } from 'react';

import { IExecutor } from '../model/rows';
import { useEnv, useWatch } from './env';
import { bytes } from './format';
import { Action, StateWord } from './parts';
import { TaskStack } from './stack';

/** The subprocesses: what each runs and takes, read anew each second while it is in sight. */
export function Executors({ known }: { known: IExecutor[] }): JSX.Element {
  const { trans } = useEnv();
  const { value } = useWatch<IExecutor[]>('allexecutors', 1000);
  const rows = (value ?? known).filter(each => each.id !== 'driver');
  const alive = rows.filter(each => each.isActive);
  const lost = rows.length - alive.length;
  const [showLost, setShowLost] = useState(false);
  return (
    <>
      {!alive.length && (
        <p className="jp-Spark-hint">
          {trans.__('No executor runs. The next job starts them.')}
        </p>
      )}
      <ul className="jp-Spark-list">
        {(showLost ? rows : alive).map(each => (
          <ExecutorRow key={each.id} executor={each} />
        ))}
      </ul>
      {lost > 0 && (
        <button
          className="jp-Spark-link"
          onClick={() => setShowLost(!showLost)}
        >
          {showLost
            ? trans.__('hide those that ended')
            : trans._n('and %1 that ended', 'and %1 that ended', lost)}
        </button>
      )}
    </>
  );
}

function ExecutorRow({ executor }: { executor: IExecutor }): JSX.Element {
  const { model, trans } = useEnv();
  const [stack, setStack] = useState<number | null>(null);
  const running = executor.taskIds ?? [];
  const state = executor.isActive ? (executor.state ?? 'idle') : 'dead';
  const cached = executor.rddBlocks;
  return (
    <li className={`jp-Spark-row jp-Spark-executor jp-mod-${state}`}>
      <div className="jp-Spark-head">
        <span className="jp-Spark-name">
          <b>{trans.__('executor %1', executor.id)}</b>
        </span>
        {running.length > 0 && (
          <Action
            text={trans.__('Stack')}
            label={trans.__(
              'Stack of task %1 on executor %2',
              running[0],
              executor.id
            )}
            onAct={() => setStack(stack === null ? running[0] : null)}
          />
        )}
        {executor.isActive && (
          <Action
            text={trans.__('Kill')}
            label={trans.__('Kill executor %1', executor.id)}
            danger
            disabled={state === 'killing'}
            cost={
              running.length
                ? trans._n(
                    'Task %2 starts anew.',
                    'Tasks %2 start anew.',
                    running.length,
                    running.join(', ')
                  )
                : undefined
            }
            onAct={() => model.kill('executor', executor.id)}
          />
        )}
      </div>
      <div className="jp-Spark-facts">
        {state === 'killing' ? (
          <StateWord state="killing" />
        ) : (
          <span>{words()}</span>
        )}
        {executor.pid ? <span>{trans.__('pid %1', executor.pid)}</span> : null}
        {executor.cpuPercent != null && executor.isActive && (
          <span>{trans.__('%1 % CPU', Math.round(executor.cpuPercent))}</span>
        )}
        {executor.rssBytes != null && executor.isActive && (
          <span>{bytes(executor.rssBytes)}</span>
        )}
        <span>
          {trans._n('%1 task done', '%1 tasks done', executor.completedTasks)}
        </span>
        {cached > 0 && <span>{trans._n('%1 block', '%1 blocks', cached)}</span>}
        {executor.forcedKills ? (
          <span>
            {trans._n('%1 forced end', '%1 forced ends', executor.forcedKills)}
          </span>
        ) : null}
        {executor.removeReason && <span>{executor.removeReason}</span>}
      </div>
      {stack !== null && (
        <TaskStack
          taskId={running[0] ?? stack}
          onClose={() => setStack(null)}
        />
      )}
    </li>
  );

  function words(): string {
    if (state === 'dead') {
      return trans.__('ended');
    }
    return running.length
      ? trans._n(
          'runs task %2',
          'runs tasks %2',
          running.length,
          running.join(', ')
        )
      : trans.__('idle');
  }
}
