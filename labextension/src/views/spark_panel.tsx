import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import React from 'react';

import { activeJobs, executorsOf } from '../model/words';
import { Cache } from './cache';
import { Empty } from './empty';
import { Env, IEnv, useEnv } from './env';
import { Executors } from './executors';
import { timeOfDay } from './format';
import { Header } from './header';
import { Jobs } from './jobs';
import { KillCard } from './kill_card';
import { Notice } from './notice';
import { Section } from './parts';
import { Threads } from './threads';
import { Timeline } from './timeline';

/** Which sections are unfolded; kept in the settings. */
export interface IFolds {
  readonly open: readonly string[];
  toggle(id: string): void;
}

/** The panel, in a side bar or in a tab. It asks for nothing while it is out of sight. */
export class SparkPanel extends ReactWidget {
  constructor(
    private readonly _env: IEnv,
    private readonly _folds: IFolds
  ) {
    super();
    this.addClass('jp-Spark');
  }

  protected override render(): JSX.Element {
    return (
      <Env.Provider value={this._env}>
        <UseSignal signal={this._env.model.changed}>
          {() => <Panel folds={this._folds} />}
        </UseSignal>
      </Env.Provider>
    );
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._look();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    document.addEventListener('visibilitychange', this._look);
    this._look();
  }

  protected override onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    document.removeEventListener('visibilitychange', this._look);
    this._env.model.setVisible(this, false);
  }

  private readonly _look = () => {
    const seen = this.isAttached && this.isVisible && !document.hidden;
    this._env.model.setVisible(this, seen);
  };
}

function Panel({ folds }: { folds: IFolds }): JSX.Element {
  const { model, trans } = useEnv();
  const { snapshot } = model;
  if (!model.driver || !snapshot) {
    return (
      <div className="jp-Spark-panel">
        <Header />
        <Notice />
        <Empty />
      </div>
    );
  }
  const executors = executorsOf(snapshot).filter(each => each.isActive);
  const busy = executors.filter(each => each.activeTasks > 0).length;
  const running = activeJobs(snapshot).length;
  const kills = [...snapshot.kills].sort((a, b) => b.at - a.at);
  const ended = kills.find(card => card.scope === 'application');
  const section = (
    id: string,
    title: string,
    summary: string,
    body: () => JSX.Element
  ) => (
    <Section
      id={id}
      title={title}
      summary={summary}
      open={folds.open.includes(id)}
      onToggle={() => folds.toggle(id)}
    >
      {body}
    </Section>
  );
  return (
    <div className="jp-Spark-panel">
      <Header />
      <Notice />
      {ended && <KillCard card={ended} />}
      {section(
        'jobs',
        trans.__('Jobs'),
        running ? trans._n('%1 running', '%1 running', running) : '',
        () => (
          <Jobs snapshot={snapshot} />
        )
      )}
      {kills.length > 0 &&
        section(
          'kills',
          trans.__('Kills'),
          trans.__('last %1', timeOfDay(kills[0].at)),
          () => (
            <>
              {kills.map(card => (
                <KillCard key={card.id} card={card} />
              ))}
            </>
          )
        )}
      {section('timeline', trans.__('Timeline'), '', () => (
        <Timeline snapshot={snapshot} />
      ))}
      {section(
        'executors',
        trans.__('Executors'),
        trans.__('%1 of %2 busy', busy, executors.length),
        () => (
          <Executors known={snapshot.executors} />
        )
      )}
      {section(
        'cache',
        trans.__('Cache and cleaner'),
        snapshot.rdds.length
          ? trans._n('%1 RDD cached', '%1 RDDs cached', snapshot.rdds.length)
          : '',
        () => (
          <Cache />
        )
      )}
      {section('threads', trans.__('Threads'), '', () => (
        <Threads />
      ))}
    </div>
  );
}
