import { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext, useEffect, useRef, useState } from 'react';

import { SparkModel } from '../model/spark_model';
import { Watch } from '../model/watch';

/** What views can do in the rest of JupyterLab. */
export interface IPlaces {
  /** Whether an open notebook of this kernel has this cell. */
  hasCell(kernelId: string, cellId: string): boolean;

  /** Brings the cell into sight and flashes it. */
  goToCell(kernelId: string, cellId: string): void;

  interruptKernel(kernelId: string): Promise<void>;

  restartKernel(kernelId: string): Promise<void>;

  copy(text: string): void;

  download(name: string, text: string): void;
}

/** What every view may use. */
export interface IEnv {
  model: SparkModel;
  places: IPlaces;
  trans: TranslationBundle;
}

export const Env = createContext<IEnv | null>(null);

export function useEnv(): IEnv {
  const env = useContext(Env);
  if (!env) {
    throw new Error('A view stands outside of the panel.');
  }
  return env;
}

/**
 * Watches a path of the driver that is shown, as long as the view is there and answers come. What
 * came last stays until something newer comes from the same path.
 */
export function useWatch<T>(
  path: string,
  periodMs: number,
  query: Record<string, string | number | boolean> = {}
): { value: T | null; error: string; refresh: () => void } {
  const { model } = useEnv();
  const [, redraw] = useState(0);
  const watch = useRef<Watch<T> | null>(null);
  const last = useRef<{ of: string; value: T } | null>(null);
  const driver = model.driver?.id;
  const of = `${driver} ${path}`;
  const queryKey = JSON.stringify(query);
  const awake = model.awake && model.connection.state !== 'gone';
  useEffect(() => {
    if (!driver || !awake) {
      return;
    }
    const started = model.watch<T>(
      path,
      periodMs,
      () => {
        if (started.value) {
          last.current = { of, value: started.value };
        }
        redraw(n => n + 1);
      },
      JSON.parse(queryKey)
    );
    watch.current = started;
    return () => started.close();
  }, [model, driver, awake, of, path, periodMs, queryKey]);
  return {
    value: last.current?.of === of ? last.current.value : null,
    error: watch.current?.error ?? '',
    refresh: () => watch.current?.refresh()
  };
}
