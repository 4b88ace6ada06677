import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IDriver } from '../model/rows';
import { SparkModel } from '../model/spark_model';
import { useEnv } from './env';
import { duration, inMinutes, seconds } from './format';
import { Action } from './parts';

/** Which driver is shown, how it is, and what can be done with the whole of it. */
export function Header(): JSX.Element {
  const { model, trans } = useEnv();
  const drivers = model.drivers ?? [];
  const driver = model.driver;
  if (!driver) {
    return drivers.length ? <OtherDrivers /> : <></>;
  }
  const listed = drivers.some(each => each.id === driver.id)
    ? drivers
    : [...drivers, driver];
  const gone = model.connection.state === 'gone';
  return (
    <header className="jp-Spark-header">
      <div className="jp-Spark-head">
        <select
          aria-label={trans.__('Driver')}
          value={driver.id}
          onChange={event => model.pin(event.target.value)}
        >
          {listed.map(each => (
            <option key={each.id} value={each.id}>
              {optionText(each, model, trans)}
            </option>
          ))}
        </select>
        <button
          className="jp-Spark-button"
          aria-pressed={model.pinned}
          aria-label={trans.__('Stay with this driver')}
          title={
            model.pinned
              ? trans.__('Follow the notebook in front again')
              : trans.__('Stay with this driver, whatever notebook is in front')
          }
          onClick={() => (model.pinned ? model.unpin() : model.pin(driver.id))}
        >
          {trans.__('Pin')}
        </button>
      </div>
      <div className="jp-Spark-facts">
        <Dot />
        <span>{trans.__('pid %1', driver.pid)}</span>
        <span>{driver.master}</span>
        <span>{trans.__('up %1', duration(uptime(driver, model), trans))}</span>
        {!gone && model.snapshot?.application.state !== 'stopped' && (
          <Action
            text={trans.__('Kill application')}
            label={trans.__('Kill application %1', driver.name)}
            cost={trans.__('All jobs end, cached data is lost.')}
            danger
            disabled={model.snapshot?.application.state === 'killing'}
            onAct={() => model.kill('application', '')}
          />
        )}
      </div>
      <Silence />
    </header>
  );
}

/** How long a driver is up, in ms; or was, until it was seen to be gone. */
function uptime(
  each: IDriver,
  { connection, driver, now }: SparkModel
): number {
  const hasGone = each.id === driver?.id && connection.state === 'gone';
  return (hasGone ? connection.since : now) - each.started;
}

/** The notebook in front has no driver; there are others. */
function OtherDrivers(): JSX.Element {
  const { model, trans } = useEnv();
  return (
    <header className="jp-Spark-header">
      <div className="jp-Spark-head">
        <select
          aria-label={trans.__('Driver')}
          value=""
          onChange={event => model.pin(event.target.value)}
        >
          <option value="" disabled>
            {trans._n(
              'Show another driver (%1)',
              'Show another driver (%1)',
              model.drivers!.length
            )}
          </option>
          {model.drivers!.map(each => (
            <option key={each.id} value={each.id}>
              {optionText(each, model, trans)}
            </option>
          ))}
        </select>
      </div>
    </header>
  );
}

/** A driver in the list: where it is, what it is called, how long it is up, whether it answers. */
function optionText(
  each: IDriver,
  model: SparkModel,
  trans: TranslationBundle
): string {
  const place =
    each.notebook?.split('/').pop() ||
    (each.terminal ? trans.__('terminal %1', each.terminal) : '') ||
    (each.kind === 'kernel' ? trans.__('kernel') : each.kind);
  const state = stateOf();
  return [
    // First what is unusual: a narrow panel shows no more than the beginning.
    ...(state ? [state] : []),
    ...(place === each.name ? [] : [place]), // a notebook's application has its name
    `${each.name} (${each.pid})`,
    trans.__('up %1', inMinutes(uptime(each, model), trans)),
    ...(state ? [] : [trans.__('answers')])
  ].join(' · ');

  /** How it is, unless it answers. */
  function stateOf(): string | null {
    const isShown = each.id === model.driver?.id;
    if (
      !model.drivers?.some(other => other.id === each.id) ||
      (isShown && model.connection.state === 'gone')
    ) {
      return trans.__('gone');
    }
    const since = model.silentSince(each);
    return since !== null
      ? trans.__('silent for %1', seconds(model.now - since, trans))
      : null;
  }
}

/** Whether the driver answers, as a dot and a word. */
function Dot(): JSX.Element {
  const { model, trans } = useEnv();
  const { connection } = model;
  const words = () => {
    switch (connection.state) {
      case 'loading':
        return trans.__('asking…');
      case 'answers':
        return model.snapshot?.application.state === 'stopped'
          ? trans.__('stopped')
          : trans.__('answers');
      case 'silent':
        return trans.__(
          'silent for %1',
          seconds(model.now - connection.since, trans)
        );
      case 'gone':
        return trans.__('gone');
      case 'offline':
        return trans.__('the Jupyter server does not answer');
    }
  };
  return (
    <span className={`jp-Spark-dot jp-mod-${connection.state}`} role="status">
      {words()}
    </span>
  );
}

/** Says what silence means, how old is what one sees, and what still works. */
function Silence(): JSX.Element | null {
  const { model, places, trans } = useEnv();
  const { connection, driver, snapshot } = model;
  if (connection.state !== 'silent' || !driver) {
    return null;
  }
  const age = seconds(model.now - connection.since, trans);
  const kernelId = driver.kernelId;
  return (
    <div className="jp-Spark-card jp-mod-silent" role="alert">
      <p>
        {trans.__(
          'No answer for %1. Python is inside one long C call, or stopped.',
          age
        )}{' '}
        {snapshot
          ? trans.__('Last known state below, %1 old.', age)
          : trans.__('Nothing is known of it yet.')}
      </p>
      <div className="jp-Spark-tools">
        {snapshot && (
          <Action
            text={trans.__('Kill executors')}
            label={trans.__('Kill all executors from outside of the driver')}
            cost={trans.__('Running tasks start anew; cached data stays.')}
            danger
            onAct={() => model.killExecutors()}
          />
        )}
        {kernelId && (
          <>
            <Action
              text={trans.__('Interrupt')}
              label={trans.__('Interrupt the kernel')}
              onAct={() => places.interruptKernel(kernelId)}
            />
            <Action
              text={trans.__('Restart kernel…')}
              label={trans.__('Restart the kernel')}
              cost={trans.__('All variables are lost.')}
              danger
              onAct={() => places.restartKernel(kernelId)}
            />
          </>
        )}
      </div>
    </div>
  );
}
