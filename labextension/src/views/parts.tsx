import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import React, { ReactNode, useEffect, useRef, useState } from 'react';

import { IProgress, State } from '../model/words';
import { useEnv } from './env';
import { stateWord } from './format';

export interface ISectionProps {
  /** Names the section in the settings. */
  id: string;
  title: string;
  /** A short fact beside the title, to be read while it is folded. */
  summary?: ReactNode;
  open: boolean;
  onToggle: (id: string) => void;
  /** Drawn, and so asked for, only while it is open. */
  children: () => ReactNode;
}

/** One part of the panel, which folds. */
export function Section(props: ISectionProps): JSX.Element {
  const { id, title, summary, open, onToggle, children } = props;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className={`jp-Spark-section jp-Spark-${id}`} aria-label={title}>
      <h3>
        <button aria-expanded={open} onClick={() => onToggle(id)}>
          <Caret.react tag="span" className="jp-Spark-caret" />
          <span className="jp-Spark-title">{title}</span>
          <span className="jp-Spark-summary">{summary}</span>
        </button>
      </h3>
      {open && <div className="jp-Spark-sectionBody">{children()}</div>}
    </section>
  );
}

export interface IActionProps {
  /** What is written on it. */
  text: string;
  /** What it does, spelled out for screen readers and as a tooltip. */
  label: string;
  onAct: () => unknown;
  /** What it costs; if there is something, a second click is asked for. */
  cost?: string;
  danger?: boolean;
  disabled?: boolean;
}

/** A button for an order. What destroys data says so, and wants a second click. */
export function Action(props: IActionProps): JSX.Element {
  const { text, label, onAct, cost, danger, disabled } = props;
  const { trans } = useEnv();
  const [asking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const answered = useRef(false);
  useEffect(() => {
    if (disabled) {
      setAsking(false);
    }
  }, [disabled]);
  useEffect(() => {
    // Whoever has answered by key stays where he was.
    if (!asking && answered.current) {
      answered.current = false;
      button.current?.focus();
    }
  }, [asking]);
  const answer = () => {
    answered.current = true;
    setAsking(false);
  };
  if (asking) {
    return (
      <span
        className="jp-Spark-confirm"
        role="group"
        aria-label={label}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            answer();
          }
        }}
      >
        <span role="alert">{cost}</span>
        <button
          autoFocus
          className="jp-Spark-button jp-mod-danger"
          aria-label={trans.__('%1, yes', label)}
          onClick={() => {
            answer();
            onAct();
          }}
        >
          {text}
        </button>
        <button className="jp-Spark-button" onClick={answer}>
          {trans.__('Keep')}
        </button>
      </span>
    );
  }
  return (
    <button
      ref={button}
      className={`jp-Spark-button${danger ? ' jp-mod-danger' : ''}`}
      aria-label={label}
      title={label}
      // Not `disabled`: that would take the focus away.
      aria-disabled={disabled}
      onClick={event => {
        event.stopPropagation();
        if (disabled) {
          return;
        }
        if (cost) {
          setAsking(true);
        } else {
          onAct();
        }
      }}
    >
      {text}
    </button>
  );
}

export interface ITwistyProps {
  open: boolean;
  /** What unfolds, for screen readers. */
  label: string;
  onToggle: () => void;
}

/** Unfolds the details of a row. */
export function Twisty({ open, label, onToggle }: ITwistyProps): JSX.Element {
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <button
      className="jp-Spark-twisty"
      aria-expanded={open}
      aria-label={label}
      onClick={onToggle}
    >
      <Caret.react tag="span" />
    </button>
  );
}

export interface IBarProps {
  progress: IProgress;
  state: State;
  /** What it is the progress of, for screen readers. */
  label: string;
}

/** What is done, runs and failed, of all. */
export function Bar({ progress, state, label }: IBarProps): JSX.Element {
  const { done, running, failed, total } = progress;
  const percent = (count: number) => `${(100 * count) / Math.max(total, 1)}%`;
  return (
    <span
      className={`jp-Spark-bar jp-mod-${state}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={Math.min(done, total)}
    >
      <span className="jp-mod-done" style={{ width: percent(done) }} />
      <span className="jp-mod-running" style={{ width: percent(running) }} />
      <span className="jp-mod-failed" style={{ width: percent(failed) }} />
    </span>
  );
}

/** How a bar reads in digits, as Spark's console writes it: `14+2/30`. */
export function counts({ done, running, total }: IProgress): string {
  return running ? `${done}+${running}/${total}` : `${done}/${total}`;
}

/** A state as a word in its colour. */
export function StateWord({ state }: { state: State }): JSX.Element {
  const { trans } = useEnv();
  return (
    <span className={`jp-Spark-state jp-mod-${state}`}>
      {stateWord(state, trans)}
    </span>
  );
}
