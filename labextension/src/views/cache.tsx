import React, { useEffect, useState } from 'react';

import { ICleaner, IHolder, ITracked } from '../model/rows';
import { CellLink } from './cell_link';
import { useEnv, useWatch } from './env';
import { bytes, seconds, timeOfDay, trackedWord } from './format';
import { Action } from './parts';

/** What is cached, shared and shuffled; who holds it; what the cleaner does about the rest. */
export function Cache(): JSX.Element {
  const { model, trans } = useEnv();
  const [all, setAll] = useState(false);
  const { value, error, refresh } = useWatch<ICleaner>('cleaner', 1000);
  const holders = useHolders();
  const again = holders.found !== null;
  if (!value) {
    return <p className="jp-Spark-hint">{error || trans.__('Loading…')}</p>;
  }
  const byName = new Map(
    (value.rows ?? []).map(row => [`${row.kind} ${row.id}`, row])
  );
  const rows = [...byName.values()].sort(
    (a, b) =>
      sizeOf(b) - sizeOf(a) || a.kind.localeCompare(b.kind) || b.id - a.id
  );
  const shown = all
    ? rows
    : rows.filter(row => sizeOf(row) > 0 || row.state !== 'live');
  return (
    <>
      <CleanerLine cleaner={value} />
      <div className="jp-Spark-tools">
        <Action
          text={again ? trans.__('Look again') : trans.__('Who holds them?')}
          label={
            again
              ? trans.__('Look again who holds them')
              : trans.__('Who holds them?')
          }
          disabled={holders.looking}
          onAct={holders.look}
        />
        {holders.found && (
          <button className="jp-Spark-link" onClick={holders.forget}>
            {trans.__('Hide who holds them')}
          </button>
        )}
        <Action
          text={trans.__('GC now')}
          label={trans.__('Collect garbage in the driver now')}
          onAct={async () => {
            await model.collectGarbage();
            refresh();
          }}
        />
      </div>
      {holders.found && (
        <p className="jp-Spark-hint">
          {trans.__(
            'looked for holders %1 ago',
            seconds(model.now - holders.at, trans)
          )}
        </p>
      )}
      {(error || holders.error) && (
        <p className="jp-Spark-refusal">{error || holders.error}</p>
      )}
      {!shown.length && (
        <p className="jp-Spark-hint">
          {trans.__(
            'Nothing is cached or shared. rdd.cache() and sc.broadcast() show up here.'
          )}
        </p>
      )}
      <ul className="jp-Spark-list">
        {shown.map(row => (
          <TrackedRow
            key={`${row.kind} ${row.id}`}
            row={row}
            heldBy={holders.found?.get(`${row.kind} ${row.id}`)}
            refresh={() => {
              refresh();
              if (holders.found) {
                holders.look();
              }
            }}
          />
        ))}
      </ul>
      {value.omitted ? (
        <p className="jp-Spark-hint">
          {trans._n('and %1 more', 'and %1 more', value.omitted)}
        </p>
      ) : null}
      {rows.length > 0 && rows.length > shown.length && (
        <button className="jp-Spark-link" onClick={() => setAll(true)}>
          {trans._n(
            'and %1 without data',
            'and %1 without data',
            rows.length - shown.length
          )}
        </button>
      )}
    </>
  );
}

interface IHolders {
  /** Who holds what, by kind and id; null if nobody has looked. */
  found: Map<string, IHolder[]> | null;
  /** When somebody looked. */
  at: number;
  looking: boolean;
  /** Why it could not be found out. */
  error: string;
  look: () => void;
  forget: () => void;
}

/** Who holds what is cached, as of the last time that somebody asked: it costs the driver a while. */
function useHolders(): IHolders {
  const { model } = useEnv();
  const [found, setFound] = useState<IHolders['found']>(null);
  const [at, setAt] = useState(0);
  const [looking, setLooking] = useState(false);
  const [error, setError] = useState('');
  const driver = model.driver?.id;
  useEffect(() => setFound(null), [driver]);
  const look = () => {
    setLooking(true);
    model
      .ask<ICleaner>('cleaner', { holders: true })
      .then(
        ({ rows }) => {
          const named = (rows ?? []).map(
            row => [`${row.kind} ${row.id}`, row.heldBy ?? []] as const
          );
          setFound(new Map(named));
          setAt(Date.now());
          setError('');
        },
        (problem: Error) => setError(problem.message)
      )
      .finally(() => setLooking(false));
  };
  return { found, at, looking, error, look, forget: () => setFound(null) };
}

function sizeOf(row: ITracked): number {
  return (row.memoryBytes ?? 0) + (row.diskBytes ?? 0);
}

/** What the cleaner does, and what it has done. */
function CleanerLine({ cleaner }: { cleaner: ICleaner }): JSX.Element {
  const { model, trans } = useEnv();
  const cleaned = Object.values(cleaner.cleaned).reduce((sum, n) => sum + n, 0);
  const parts = [
    cleaner.state === 'cleaning'
      ? trans.__('cleaner: %1', cleaner.now || trans.__('cleaning'))
      : cleaner.state === 'waiting'
        ? trans.__('cleaner waits')
        : cleaner.state === 'stopped'
          ? trans.__('cleaner has stopped')
          : trans.__('cleaner is off'),
    trans.__('%1 queued', cleaner.queue),
    trans.__('%1 cleaned', cleaned)
  ];
  if (cleaner.errors) {
    parts.push(trans._n('%1 error', '%1 errors', cleaner.errors));
  }
  if (cleaner.last) {
    parts.push(
      trans.__('last %1 ago', seconds(model.now - cleaner.last.at, trans))
    );
  }
  const gc = cleaner.gc?.last;
  if (gc) {
    parts.push(
      trans.__(
        'GC %1 ago found %2',
        seconds(model.now - gc.at, trans),
        gc.collected
      )
    );
  }
  return (
    <p className="jp-Spark-hint" title={cleaner.last?.task}>
      {parts.join(' · ')}
    </p>
  );
}

interface ITrackedRowProps {
  row: ITracked;
  /** Who held it when somebody looked; absent if nobody has. */
  heldBy: IHolder[] | undefined;
  refresh: () => void;
}

function TrackedRow({ row, heldBy, refresh }: ITrackedRowProps): JSX.Element {
  const { model, trans } = useEnv();
  const name = trackedWord(row.kind, row.id, trans);
  const held = row.state === 'live' ? (heldBy ?? []) : [];
  const act = (order: () => Promise<boolean>) => async () => {
    await order();
    refresh();
  };
  return (
    <li
      className={`jp-Spark-row jp-Spark-tracked jp-mod-${row.state}`}
      aria-label={name}
    >
      <div className="jp-Spark-head">
        <span className="jp-Spark-name" title={row.callSite}>
          <b>{name}</b> {row.name || (row.cell ? '' : row.callSite)}
        </span>
        {row.cell && <CellLink cell={row.cell} />}
        {row.canUnpersist && row.state === 'live' && (
          <Action
            text={trans.__('Unpersist')}
            label={trans.__('Unpersist RDD %1', row.id)}
            onAct={act(() => model.unpersist(row.id))}
          />
        )}
        {held.some(holder => holder.forgettable) && (
          <Action
            text={trans.__('Release')}
            label={trans.__('Release %1 from the notebook', name)}
            cost={trans.__(
              'Deletes %1.',
              held
                .filter(holder => holder.forgettable)
                .map(holder => holder.path)
                .join(', ')
            )}
            onAct={act(() => model.forget(row))}
          />
        )}
      </div>
      <div className="jp-Spark-facts">
        <span className={`jp-Spark-state jp-mod-${row.state}`}>
          {stateWords()}
        </span>
        {row.memoryBytes ? (
          <span>{trans.__('%1 memory', bytes(row.memoryBytes))}</span>
        ) : null}
        {row.diskBytes ? (
          <span>{trans.__('%1 disk', bytes(row.diskBytes))}</span>
        ) : null}
        {row.blocks ? (
          <span>{trans._n('%1 block', '%1 blocks', row.blocks)}</span>
        ) : null}
        {row.executors?.length ? (
          <span>
            {trans._n(
              'on executor %2',
              'on executors %2',
              row.executors.length,
              row.executors.join(', ')
            )}
          </span>
        ) : null}
      </div>
      {row.error && <p className="jp-Spark-refusal">{row.error}</p>}
      {heldBy && row.state === 'live' && (
        <p className="jp-Spark-holders">
          {held.length
            ? trans.__(
                'held by %1',
                held.map(holder => holder.path).join(' · ')
              )
            : trans.__('held by nobody that was found')}
        </p>
      )}
    </li>
  );

  function stateWords(): string {
    switch (row.state) {
      case 'live':
        return trans.__('held');
      case 'queued':
        return trans.__('released, waiting for the cleaner');
      case 'cleaning':
        return trans.__('cleaning');
      case 'cleaned':
        return row.doneAt
          ? trans.__('cleaned %1', timeOfDay(row.doneAt))
          : trans.__('cleaned');
      case 'error':
        return trans.__('not cleaned yet, will be tried again');
      case 'orphaned':
        return trans.__('left behind');
    }
  }
}
