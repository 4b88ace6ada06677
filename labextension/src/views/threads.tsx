import React, { useState } from 'react';

import { IThread } from '../model/rows';
import { CellLink } from './cell_link';
import { useEnv, useWatch } from './env';
import { seconds, threadStateWord } from './format';
import { Action, Twisty } from './parts';
import { Frames } from './stack';

/** The driver's threads: yours first, then the engine's and Jupyter's. */
export function Threads(): JSX.Element {
  const { places, model, trans } = useEnv();
  const [search, setSearch] = useState('');
  const { value, error } = useWatch<IThread[]>('threads', 1000);
  if (!value) {
    return <p className="jp-Spark-hint">{error || trans.__('Loading…')}</p>;
  }
  const found = value.filter(thread =>
    textOf(thread).toLowerCase().includes(search.toLowerCase())
  );
  const keeping = value.filter(thread => thread.keepsProcessAlive);
  const titles = {
    user: trans.__('Yours'),
    engine: trans.__('Spark'),
    jupyter: trans.__('Jupyter')
  };
  return (
    <>
      <p className="jp-Spark-hint">
        {keeping.length
          ? trans._n(
              '%1 thread keeps the process alive: %2',
              '%1 threads keep the process alive: %2',
              keeping.length,
              keeping.map(thread => thread.threadName).join(', ')
            )
          : trans.__('No thread keeps the process alive.')}
      </p>
      <div className="jp-Spark-tools">
        <input
          type="search"
          placeholder={trans.__('Search names and stacks')}
          aria-label={trans.__('Search names and stacks of threads')}
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
        <Action
          text={trans.__('Download')}
          label={trans.__('Download all stacks as text')}
          onAct={() =>
            places.download(
              `threads-${model.driver?.pid ?? ''}.txt`,
              value.map(textOf).join('\n\n') + '\n'
            )
          }
        />
      </div>
      {error && <p className="jp-Spark-refusal">{error}</p>}
      {(['user', 'engine', 'jupyter'] as const).map(owner => {
        const own = found.filter(thread => (thread.owner ?? 'user') === owner);
        return (
          own.length > 0 && (
            <div key={owner}>
              <h4>{titles[owner]}</h4>
              <ul className="jp-Spark-list">
                {own.map(thread => (
                  <ThreadRow key={thread.threadId} thread={thread} />
                ))}
              </ul>
            </div>
          )
        );
      })}
    </>
  );
}

function ThreadRow({ thread }: { thread: IThread }): JSX.Element {
  const { trans } = useEnv();
  const [open, setOpen] = useState(false);
  const frames = thread.stackTrace.elems;
  const isYours = thread.owner === 'user';
  return (
    <li
      className="jp-Spark-row jp-Spark-threadRow"
      aria-label={thread.threadName}
    >
      <div className="jp-Spark-head">
        <Twisty
          open={open}
          label={trans.__('Stack of %1', thread.threadName)}
          onToggle={() => setOpen(!open)}
        />
        <span className="jp-Spark-name" title={frames.at(-1)}>
          <b>{thread.threadName}</b>
        </span>
        {isYours && thread.cell && <CellLink cell={thread.cell} />}
      </div>
      <div className="jp-Spark-facts">
        {thread.keepsProcessAlive && (
          <span className="jp-Spark-badge">
            {trans.__('keeps the process alive')}
          </span>
        )}
        <span>{threadStateWord(thread.threadState, trans)}</span>
        {(thread.cpuPercent ?? 0) >= 0.5 ? (
          <span>{trans.__('%1 % CPU', Math.round(thread.cpuPercent!))}</span>
        ) : null}
        {thread.waitsFor && (
          <span>{trans.__('waits for %1', thread.waitsFor)}</span>
        )}
        {isYours && thread.startedAt && (
          <span>{trans.__('started at %1', thread.startedAt)}</span>
        )}
        {isYours && (thread.sameLineSeconds ?? 0) >= 2 && (
          <span>
            {trans.__(
              'same line for %1',
              seconds(thread.sameLineSeconds! * 1000, trans)
            )}
          </span>
        )}
      </div>
      {open && <Frames frames={frames} />}
    </li>
  );
}

function textOf(thread: IThread): string {
  const daemon = thread.isDaemon ? ' daemon' : '';
  return [
    `"${thread.threadName}"${daemon} ${thread.threadState}`,
    ...thread.stackTrace.elems.map(frame => `  ${frame}`)
  ].join('\n');
}
