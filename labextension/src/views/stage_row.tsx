import React, { useState } from 'react';

import { ISnapshot, IStage } from '../model/rows';
import {
  isActive,
  jobsOfStage,
  stageProgress,
  stageState
} from '../model/words';
import { useEnv } from './env';
import { duration, seconds } from './format';
import { Action, Bar, StateWord, Twisty, counts } from './parts';
import { TaskList } from './tasks';

export interface IStageRowProps {
  snapshot: ISnapshot;
  stage: IStage;
}

/** One attempt of a stage, which unfolds to its tasks. */
export function StageRow({ snapshot, stage }: IStageRowProps): JSX.Element {
  const { model, trans } = useEnv();
  const [open, setOpen] = useState(false);
  const state = stageState(stage);
  const progress = stageProgress(stage);
  const name = trans.__('stage %1', stage.stageId);
  const attempt = stage.attemptId ? `.${stage.attemptId}` : '';
  const failing = jobsOfStage(snapshot, stage);
  return (
    <li className={`jp-Spark-row jp-Spark-stage jp-mod-${state}`}>
      <div className="jp-Spark-head">
        <Twisty
          open={open}
          label={trans.__('Tasks of %1', name)}
          onToggle={() => setOpen(!open)}
        />
        <span className="jp-Spark-name" title={stage.name}>
          <b>
            {name}
            {attempt}
          </b>{' '}
          {stage.name}
        </span>
        {isActive(state) && (
          <Action
            text={trans.__('Kill')}
            label={trans.__('Kill stage %1', stage.stageId)}
            danger
            disabled={state === 'killing'}
            cost={
              failing.length > 1
                ? trans.__(
                    'Jobs %1 all need this stage and will fail.',
                    failing.map(job => `#${job.jobId}`).join(', ')
                  )
                : undefined
            }
            onAct={() =>
              model.kill(
                'stage',
                stage.stageId,
                `Kill of stage ${stage.stageId} was clicked`
              )
            }
          />
        )}
      </div>
      <div className="jp-Spark-facts">
        <StateWord state={state} />
        {state !== 'skipped' && <span>{counts(progress)}</span>}
        <Times stage={stage} />
        {stage.waitsFor?.length ? (
          <span>
            {trans._n(
              'waits for stage %2',
              'waits for stages %2',
              stage.waitsFor.length,
              stage.waitsFor.join(', ')
            )}
          </span>
        ) : null}
      </div>
      {isActive(state) && (
        <Bar progress={progress} state={state} label={name} />
      )}
      {state === 'failed' && stage.failureReason && (
        <p className="jp-Spark-refusal">{firstLine(stage.failureReason)}</p>
      )}
      {open && <TaskList stage={stage} />}
    </li>
  );

  function Times({ stage }: { stage: IStage }): JSX.Element {
    const end = stage.completedAt ?? model.now;
    const { medianTaskMs: median, slowestTaskMs: slowest } = stage;
    return (
      <>
        {stage.submittedAt && (
          <span>{duration(end - stage.submittedAt, trans)}</span>
        )}
        {isActive(state) && stage.lastTaskEndAt && (
          <span>
            {trans.__(
              'last task %1 ago',
              seconds(model.now - stage.lastTaskEndAt, trans)
            )}
          </span>
        )}
        {median !== undefined &&
          slowest !== undefined &&
          slowest > 2 * median &&
          slowest > 1000 && (
            <span>
              {trans.__(
                'slowest %1, median %2',
                duration(slowest, trans),
                duration(median, trans)
              )}
            </span>
          )}
      </>
    );
  }
}

export function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0];
}
