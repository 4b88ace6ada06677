import React, { useLayoutEffect, useRef, useState } from 'react';

import { inShort, isLibrary } from '../model/frames';
import { IThread } from '../model/rows';
import { useEnv, useWatch } from './env';
import { seconds } from './format';
import { Action } from './parts';

/** Frames of one thread; those that are not the user's are folded. */
export function Frames({ frames }: { frames: string[] }): JSX.Element {
  const { places, trans } = useEnv();
  const [all, setAll] = useState(false);
  const own = frames.filter(frame => !isLibrary(frame));
  const folded = !all && own.length > 0 && own.length < frames.length;
  const shown = folded ? own : frames;
  return (
    <div className="jp-Spark-stack">
      <ol>
        {shown.map((frame, i) => (
          <li
            key={i}
            className={isLibrary(frame) ? 'jp-mod-library' : ''}
            title={frame.split('\n', 1)[0]}
          >
            {inShort(frame).split('\n', 1)[0]}
            {frame
              .split('\n')
              .slice(1)
              .map((line, n) => (
                <span key={n}>{line.trim()}</span>
              ))}
          </li>
        ))}
      </ol>
      {own.length > 0 && own.length < frames.length && (
        <button className="jp-Spark-link" onClick={() => setAll(!all)}>
          {folded
            ? trans._n(
                'and %1 frame of libraries',
                'and %1 frames of libraries',
                frames.length - own.length
              )
            : trans.__('only my frames')}
        </button>
      )}
      <button
        className="jp-Spark-link"
        onClick={() => places.copy(frames.join('\n'))}
      >
        {trans.__('Copy')}
      </button>
    </div>
  );
}

export interface ITaskStackProps {
  taskId: number;
  onClose: () => void;
}

/** The stack of a running task, read anew each second while it is open. */
export function TaskStack({ taskId, onClose }: ITaskStackProps): JSX.Element {
  const { trans } = useEnv();
  const { value, error } = useWatch<IThread>(`tasks/${taskId}/threads`, 1000);
  const same = value?.sameLineSeconds ?? 0;
  const region = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const own = region.current!;
    own.focus();
    return () => {
      // Whoever was in here goes back to where he came from.
      if (own.contains(document.activeElement)) {
        (before as HTMLElement | null)?.focus();
      }
    };
  }, []);
  return (
    <div
      ref={region}
      className="jp-Spark-details"
      role="region"
      aria-label={trans.__('Stack of task %1', taskId)}
      tabIndex={-1}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <p className="jp-Spark-hint">
        {same >= 2
          ? trans.__('same line for %1', seconds(same * 1000, trans))
          : trans.__('sampled in the executor, no root needed')}
        {value?.waitsFor && ' · ' + trans.__('waits for %1', value.waitsFor)}
      </p>
      {error && <p className="jp-Spark-refusal">{error}</p>}
      {value && <Frames frames={value.stackTrace.elems} />}
      <Action
        text={trans.__('Close')}
        label={trans.__('Close the stack')}
        onAct={onClose}
      />
    </div>
  );
}
