import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { IFolds } from './spark_panel';

/** The unfolded sections, kept in the settings where there are some. */
export class Folds implements IFolds {
  constructor(private readonly _changed: () => void) {}

  open: readonly string[] = ['jobs'];

  /** Takes what the settings say, now and whenever they change. */
  follow(settings: ISettingRegistry.ISettings): void {
    this._settings = settings;
    const take = () => {
      this.open = settings.get('open').composite as string[];
      this._changed();
    };
    settings.changed.connect(take);
    take();
  }

  toggle(id: string): void {
    this.open = this.open.includes(id)
      ? this.open.filter(each => each !== id)
      : [...this.open, id];
    this._changed();
    void this._settings?.set('open', [...this.open]);
  }

  private _settings: ISettingRegistry.ISettings | null = null;
}
