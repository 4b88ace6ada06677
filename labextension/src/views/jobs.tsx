import React, { useState } from 'react';

import { IJob, ISnapshot } from '../model/rows';
import {
  IJobGroup,
  hasCellsGroup,
  isActive,
  jobList,
  jobProgress,
  jobState,
  stagesOf,
  summed
} from '../model/words';
import { CellLink } from './cell_link';
import { useEnv } from './env';
import { duration, seconds } from './format';
import { KillLine } from './kill_line';
import { Action, Bar, StateWord, Twisty, counts } from './parts';
import { StageRow, firstLine } from './stage_row';

/** Jobs, those that run first; jobs of one cell stand together. */
export function Jobs({ snapshot }: { snapshot: ISnapshot }): JSX.Element {
  const { model, trans } = useEnv();
  const { groups, more } = jobList(snapshot, model.jobsShown);
  if (!groups.length && !more) {
    return (
      <p className="jp-Spark-hint">
        {trans.__(
          'No job yet. An action such as count() or collect() starts one.'
        )}
      </p>
    );
  }
  return (
    <>
      <ul className="jp-Spark-list">
        {groups.map(group =>
          group.jobs.length > 1 ? (
            <CellGroup key={group.key} group={group} snapshot={snapshot} />
          ) : (
            <JobRow
              key={group.jobs[0].jobId}
              job={group.jobs[0]}
              snapshot={snapshot}
            />
          )
        )}
      </ul>
      {more > 0 && (
        <p className="jp-Spark-hint">
          {trans._n('and %1 more', 'and %1 more', more)}
        </p>
      )}
    </>
  );
}

interface IGroupProps {
  group: IJobGroup;
  snapshot: ISnapshot;
}

/** The jobs of one run of a cell, with their sum. */
function CellGroup({ group, snapshot }: IGroupProps): JSX.Element {
  const { model, trans } = useEnv();
  const active = group.jobs.filter(job => isActive(jobState(job)));
  const cell = { ...group.cell!, thread: undefined };
  const name = trans.__('In [%1]', cell.prompt);
  const progress = summed(active.map(jobProgress));
  return (
    <li className="jp-Spark-group" aria-label={trans.__('Jobs of %1', name)}>
      <div className="jp-Spark-head">
        <CellLink cell={cell} />
        <span className="jp-Spark-name">
          {trans._n('%1 job', '%1 jobs', group.jobs.length)}
          {active.length > 1 && ' · ' + counts(progress)}
        </span>
        {active.length > 0 && (
          <Action
            text={trans.__('Kill all of %1', name)}
            label={trans.__('Kill all jobs of %1', name)}
            danger
            disabled={active.every(job => jobState(job) === 'killing')}
            onAct={() => model.killCell(active)}
          />
        )}
      </div>
      {active.length > 1 && (
        <Bar
          progress={progress}
          state={
            active.every(job => jobState(job) === 'killing')
              ? 'killing'
              : 'running'
          }
          label={name}
        />
      )}
      <ul className="jp-Spark-list">
        {group.jobs.map(job => (
          <JobRow key={job.jobId} job={job} snapshot={snapshot} grouped />
        ))}
      </ul>
    </li>
  );
}

interface IJobRowProps {
  job: IJob;
  snapshot: ISnapshot;
  /** Whether the cell's name stands above already. */
  grouped?: boolean;
}

/** One job, which unfolds to its stages. */
function JobRow({ job, snapshot, grouped }: IJobRowProps): JSX.Element {
  const { model, trans } = useEnv();
  const [open, setOpen] = useState(false);
  const state = jobState(job);
  const progress = jobProgress(job);
  const name = trans.__('job %1', job.jobId);
  return (
    <li
      className={`jp-Spark-row jp-Spark-job jp-mod-${state}`}
      aria-label={name}
    >
      <div className="jp-Spark-head">
        <Twisty
          open={open}
          label={trans.__('Stages of %1', name)}
          onToggle={() => setOpen(!open)}
        />
        <span className="jp-Spark-name" title={job.callSite ?? job.name}>
          <b>
            #{job.jobId} {actionOf(job)}
          </b>{' '}
          <small>{job.description}</small>
        </span>
        {job.cell && !grouped && <CellLink cell={job.cell} />}
        {isActive(state) && (
          <Action
            text={trans.__('Kill')}
            label={trans.__('Kill job %1', job.jobId)}
            danger
            disabled={state === 'killing'}
            onAct={() => model.kill('job', job.jobId)}
          />
        )}
      </div>
      <div className="jp-Spark-facts">
        <StateWord state={state} />
        <KillLine job={job} snapshot={snapshot} />
        {job.cell?.thread && (
          <span>{trans.__('thread %1', job.cell.thread)}</span>
        )}
        {state !== 'killing' && <span>{counts(progress)}</span>}
        {job.submittedAt && state !== 'killed' && (
          <span>
            {duration((job.completedAt ?? model.now) - job.submittedAt, trans)}
          </span>
        )}
        {state === 'running' && job.lastTaskEndAt && (
          <span>
            {trans.__(
              'last task %1 ago',
              seconds(model.now - job.lastTaskEndAt, trans)
            )}
          </span>
        )}
        {job.site && (
          <span>
            {job.site.file.split('/').pop()}:{job.site.line}
          </span>
        )}
      </div>
      {isActive(state) && (
        <Bar progress={progress} state={state} label={name} />
      )}
      {state === 'failed' && job.failureReason && (
        <p className="jp-Spark-refusal">{firstLine(job.failureReason)}</p>
      )}
      {open && <JobDetails job={job} snapshot={snapshot} />}
    </li>
  );
}

function JobDetails({ job, snapshot }: IJobRowProps): JSX.Element {
  const { model, trans } = useEnv();
  const stages = stagesOf(snapshot, job);
  return (
    <div className="jp-Spark-details">
      {job.jobGroup && !hasCellsGroup(job) && (
        <p className="jp-Spark-hint">
          {trans.__('group %1', job.jobGroup)}{' '}
          {isActive(jobState(job)) && (
            <Action
              text={trans.__('Kill group')}
              label={trans.__('Kill group %1', job.jobGroup)}
              danger
              onAct={() => model.kill('group', job.jobGroup!)}
            />
          )}
        </p>
      )}
      <ul className="jp-Spark-list">
        {stages.map(stage => (
          <StageRow
            key={`${stage.stageId}.${stage.attemptId}`}
            stage={stage}
            snapshot={snapshot}
          />
        ))}
      </ul>
      {stages.length < job.stageIds.length && (
        <p className="jp-Spark-hint">
          {trans._n(
            '%1 stage was skipped or is no longer known',
            '%1 stages were skipped or are no longer known',
            job.stageIds.length -
              new Set(stages.map(stage => stage.stageId)).size
          )}
        </p>
      )}
    </div>
  );
}

/** `collect` of `collect at In[3]:2`: the cell stands beside it. */
function actionOf(job: IJob): string {
  const site = job.callSite || job.name;
  return job.cell || job.site ? site.split(' at ')[0] : site;
}
