import React from 'react';

import { IOutsideKill } from '../model/rows';
import { useEnv } from './env';
import { duration, scopeWord } from './format';

/** What became of an order, where the rows do not tell: refusals, and kills from outside. */
export function Notice(): JSX.Element {
  const { model, trans } = useEnv();
  const { notice } = model;
  const dismiss = (
    <button className="jp-Spark-link" onClick={() => model.dismiss()}>
      {trans.__('Dismiss')}
    </button>
  );
  return (
    <div aria-live="polite">
      {notice?.report ? (
        <div className="jp-Spark-card" role="status">
          <OutsideKill report={notice.report} /> {dismiss}
        </div>
      ) : notice ? (
        <p className={notice.failed ? 'jp-Spark-refusal' : 'jp-Spark-hint'}>
          {notice.text} {dismiss}
        </p>
      ) : null}
    </div>
  );
}

/** What was ended in the place of a driver that does not answer. */
function OutsideKill({ report }: { report: IOutsideKill }): JSX.Element {
  const { trans } = useEnv();
  const { ended, left, sharedTasks } = report;
  const what =
    report.scope === 'executor' && report.target === null
      ? trans.__('executors')
      : scopeWord(report.scope, trans, report.target);
  return (
    <>
      <p>
        <b>
          {trans._n(
            'Killed from outside: %1 process in %2',
            'Killed from outside: %1 processes in %2',
            ended.length,
            duration(report.tookMs, trans)
          )}
        </b>{' '}
        ({what})
      </p>
      {ended.map(each => (
        <p key={each.pid} className="jp-Spark-facts">
          <span>{trans.__('executor %1', each.executorId)}</span>
          <span>{trans.__('pid %1', each.pid)}</span>
          {each.taskId !== null && (
            <span>{trans.__('task %1', each.taskId)}</span>
          )}
          <span>
            {each.forced
              ? trans.__('forced after %1', duration(each.endedAfterMs, trans))
              : trans.__(
                  'stopped after %1',
                  duration(each.endedAfterMs, trans)
                )}
          </span>
        </p>
      ))}
      {left.length > 0 && (
        <p className="jp-Spark-refusal">
          {trans.__(
            'still there: %1',
            left.map(each => trans.__('pid %1', each.pid)).join(', ')
          )}
        </p>
      )}
      {sharedTasks.length > 0 && (
        <p className="jp-Spark-hint">
          {trans._n(
            'task %2 goes on: another job waits for it too',
            'tasks %2 go on: other jobs wait for them too',
            sharedTasks.length,
            sharedTasks.join(', ')
          )}
        </p>
      )}
      {report.driverInterrupted && (
        <p className="jp-Spark-hint">
          {trans.__('The kernel was interrupted too.')}
        </p>
      )}
    </>
  );
}
