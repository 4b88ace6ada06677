import { IDriver } from './rows';

/** What decides which driver is shown. */
export interface IChoice {
  /** The driver that the user chose to stay with, or nothing. */
  pinned: string | null;
  /** The driver that is shown now; it may have gone. */
  current: IDriver | null;
  /** The kernel of the notebook in front. */
  kernelId: string | null;
}

/**
 * Returns the driver to show: the pinned one while it lives, else that of the notebook in front;
 * none if that notebook has none, lest somebody kill another's. Without a notebook it is the one
 * that is shown already, else the newest. One that has gone stays as long as its notebook is in
 * front and has no other: people want to read how it ended.
 */
export function chooseDriver(
  drivers: IDriver[],
  { pinned, current, kernelId }: IChoice
): IDriver | null {
  const byId = (id?: string | null) => drivers.find(each => each.id === id);
  const ofKernel = (each: IDriver | null) =>
    kernelId !== null && each?.kernelId === kernelId;
  return (
    byId(pinned) ??
    drivers.filter(ofKernel).at(-1) ??
    (ofKernel(current) ? current : null) ??
    (kernelId === null ? (byId(current?.id) ?? drivers.at(-1)) : null) ??
    null
  );
}
