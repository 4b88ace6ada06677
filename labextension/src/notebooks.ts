import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

/** How long a cell that was gone to stays marked. */
const FLASH_MS = 1200;

/** The open notebooks: which kernel is in front, and where cells are. */
export class Notebooks {
  constructor(private readonly _tracker: INotebookTracker | null) {
    _tracker?.currentChanged.connect(() => this._follow());
    this._follow();
  }

  /** Emitted when another notebook, or another kernel of it, is in front. */
  get kernelChanged(): ISignal<this, string | null> {
    return this._kernelChanged;
  }

  /** The kernelspec's name of the kernel in front. */
  get kernelName(): string | null {
    return (
      this._tracker?.currentWidget?.sessionContext.session?.kernel?.name ?? null
    );
  }

  get kernelId(): string | null {
    return kernelOf(this._tracker?.currentWidget ?? null);
  }

  hasCell(kernelId: string, cellId: string): boolean {
    return this._find(kernelId, cellId) !== null;
  }

  /** Brings a cell into sight and marks it for a moment. */
  async goToCell(
    kernelId: string,
    cellId: string,
    activate: (id: string) => void
  ): Promise<void> {
    const found = this._find(kernelId, cellId);
    if (!found) {
      return;
    }
    const { panel, index } = found;
    activate(panel.id);
    const notebook = panel.content;
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'center');
    const cell = notebook.widgets[index];
    cell.addClass('jp-Spark-flash');
    setTimeout(() => cell.removeClass('jp-Spark-flash'), FLASH_MS);
  }

  private _find(
    kernelId: string,
    cellId: string
  ): { panel: NotebookPanel; index: number } | null {
    let found: { panel: NotebookPanel; index: number } | null = null;
    this._tracker?.forEach(panel => {
      if (kernelOf(panel) === kernelId) {
        const index = panel.content.widgets.findIndex(
          cell => cell.model.id === cellId
        );
        found = index >= 0 ? { panel, index } : found;
      }
    });
    return found;
  }

  private _follow(): void {
    const panel = this._tracker?.currentWidget ?? null;
    this._followed?.sessionContext.kernelChanged.disconnect(this._tell, this);
    this._followed = panel;
    panel?.sessionContext.kernelChanged.connect(this._tell, this);
    this._tell();
  }

  private _tell(): void {
    this._kernelChanged.emit(this.kernelId);
  }

  private _followed: NotebookPanel | null = null;
  private _kernelChanged = new Signal<this, string | null>(this);
}

function kernelOf(panel: NotebookPanel | null): string | null {
  return panel?.sessionContext.session?.kernel?.id ?? null;
}
