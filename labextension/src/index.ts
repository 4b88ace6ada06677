import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Clipboard,
  ICommandPalette,
  MainAreaWidget,
  Notification,
  WidgetTracker
} from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Folds } from './views/folds';
import { sparkIcon } from './icon';
import { serverEvents, serverRequest } from './model/request';
import { SparkModel } from './model/spark_model';
import { activeJobs } from './model/words';
import { Notebooks } from './notebooks';
import { IEnv, IPlaces } from './views/env';
import { SparkPanel } from './views/spark_panel';

namespace CommandIDs {
  export const open = 'pyspark-shell:open';
  export const openTab = 'pyspark-shell:open-tab';
  export const killNewest = 'pyspark-shell:kill-newest';
  export const killAll = 'pyspark-shell:kill-all';
  export const nextCell = 'pyspark-shell:next-running-cell';
}

const PLUGIN = 'pyspark-shell:plugin';
const KERNEL = 'pyspark_shell';
const INTRODUCED = 'pyspark-shell:introduced';
const PANEL = 'pyspark-shell-panel';
const TAB = 'pyspark-shell-tab';

/** Without a time the words go into the list of news, which nobody opens. */
const TOAST = { autoClose: 5000 } as const;

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description:
    'Jobs, executors, cache and threads of Spark drivers, with kill buttons.',
  autoStart: true,
  requires: [ICommandPalette],
  optional: [
    ILayoutRestorer,
    INotebookTracker,
    ISettingRegistry,
    IStateDB,
    ITranslator
  ],
  activate
};

export default plugin;

function activate(
  app: JupyterFrontEnd,
  palette: ICommandPalette,
  restorer: ILayoutRestorer | null,
  tracker: INotebookTracker | null,
  registry: ISettingRegistry | null,
  state: IStateDB | null,
  translator: ITranslator | null
): void {
  const trans = (translator ?? nullTranslator).load('pyspark_shell');
  const { serverSettings } = app.serviceManager;
  const model = new SparkModel(
    serverRequest(serverSettings),
    serverEvents(serverSettings)
  );
  const notebooks = new Notebooks(tracker);
  const env: IEnv = { model, trans, places: placesOf(app, notebooks) };
  const folds = new Folds(() => model.redraw());

  model.setKernel(notebooks.kernelId);
  notebooks.kernelChanged.connect((_, kernelId) => model.setKernel(kernelId));
  void registry?.load(PLUGIN).then(settings => {
    folds.follow(settings);
    const take = () => {
      model.jobsShown = settings.get('jobsShown').composite as number;
    };
    settings.changed.connect(take);
    take();
  });

  const panel = new SparkPanel(env, folds);
  panel.id = PANEL;
  panel.title.icon = sparkIcon;
  panel.title.caption = trans.__('Spark');
  app.shell.add(panel, 'right', { rank: 900 });
  restorer?.add(panel, PANEL);
  // A hidden panel asks for nothing, so it wears no number: an old one would mislead.
  model.changed.connect(() => {
    const running = model.awake ? activeJobs(model.snapshot).length : 0;
    const badge = running ? `${running}` : '';
    if ((panel.title.dataset.badge ?? '') !== badge) {
      panel.title.dataset = { badge };
    }
  });

  void introduce();

  const tabs = new WidgetTracker<MainAreaWidget<SparkPanel>>({
    namespace: TAB
  });
  void restorer?.restore(tabs, {
    command: CommandIDs.openTab,
    name: () => TAB
  });

  addCommands();
  for (const command of Object.values(CommandIDs)) {
    palette.addItem({ command, category: trans.__('Spark') });
  }

  /** Opens the panel beside the first notebook with our kernel; later it is as it was left. */
  async function introduce(): Promise<void> {
    await app.restored;
    if (await state?.fetch(INTRODUCED)) {
      return;
    }
    const look = () => {
      if (notebooks.kernelName === KERNEL) {
        notebooks.kernelChanged.disconnect(look);
        app.shell.activateById(PANEL);
        void state?.save(INTRODUCED, true);
      }
    };
    notebooks.kernelChanged.connect(look);
    look();
  }

  /** Kills from the palette, where nobody may look at the panel: what cannot be done is told. */
  async function killed(kill: () => Promise<unknown>): Promise<void> {
    await model.fresh();
    if (!activeJobs(model.snapshot).length) {
      Notification.info(trans.__('No Spark job is running.'), TOAST);
      return;
    }
    await kill();
    if (model.notice?.failed) {
      Notification.error(
        model.notice.text || trans.__('Some processes of the job do not end.'),
        TOAST
      );
    }
  }

  function addCommands(): void {
    const { commands } = app;
    let lastCell = -1;
    commands.addCommand(CommandIDs.open, {
      label: trans.__('Show the Spark Panel'),
      icon: sparkIcon,
      execute: () => app.shell.activateById(PANEL)
    });
    commands.addCommand(CommandIDs.openTab, {
      label: trans.__('Open the Spark Panel as a Tab'),
      icon: sparkIcon,
      execute: async () => {
        const open = tabs.find(() => true);
        if (open) {
          app.shell.activateById(open.id);
          return open;
        }
        const content = new SparkPanel(env, folds);
        const tab = new MainAreaWidget({ content });
        tab.id = TAB;
        tab.title.icon = sparkIcon;
        tab.title.label = trans.__('Spark');
        await tabs.add(tab);
        app.shell.add(tab, 'main');
        return tab;
      }
    });
    commands.addCommand(CommandIDs.killNewest, {
      label: trans.__('Kill the Newest Spark Job'),
      execute: () => killed(() => model.killNewest())
    });
    commands.addCommand(CommandIDs.killAll, {
      label: trans.__('Kill All Spark Jobs'),
      execute: () => killed(() => model.killAll())
    });
    commands.addCommand(CommandIDs.nextCell, {
      label: trans.__('Go to the Next Cell with a Running Spark Job'),
      execute: async () => {
        await model.fresh();
        const kernelId = model.driver?.kernelId;
        const cells = activeJobs(model.snapshot)
          .map(job => job.cell?.id ?? '')
          .filter(id => kernelId && id && env.places.hasCell(kernelId, id));
        if (!cells.length) {
          Notification.info(
            trans.__('No cell has a running Spark job.'),
            TOAST
          );
        } else if (kernelId) {
          lastCell = (lastCell + 1) % cells.length;
          env.places.goToCell(kernelId, cells[lastCell]);
        }
      }
    });
  }
}

/** What the panel may do in the rest of JupyterLab. */
function placesOf(app: JupyterFrontEnd, notebooks: Notebooks): IPlaces {
  const { kernels } = app.serviceManager;
  return {
    hasCell: (kernelId, cellId) => notebooks.hasCell(kernelId, cellId),
    goToCell: (kernelId, cellId) =>
      void notebooks.goToCell(kernelId, cellId, id =>
        app.shell.activateById(id)
      ),
    interruptKernel: kernelId =>
      connected(kernelId, kernel => kernel.interrupt()),
    restartKernel: kernelId => connected(kernelId, kernel => kernel.restart()),
    copy: text => Clipboard.copyToSystem(text),
    download: (name, text) => {
      const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      URL.revokeObjectURL(url);
    }
  };

  async function connected(
    kernelId: string,
    act: (kernel: ReturnType<typeof kernels.connectTo>) => Promise<void>
  ): Promise<void> {
    const kernel = kernels.connectTo({ model: { id: kernelId, name: '' } });
    try {
      await act(kernel);
    } finally {
      kernel.dispose();
    }
  }
}
