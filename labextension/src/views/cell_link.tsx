import React from 'react';

import { ICell } from '../model/rows';
import { useEnv } from './env';

/** Names a cell, and goes there if its notebook is open. */
export function CellLink({ cell }: { cell: ICell }): JSX.Element {
  const { model, places, trans } = useEnv();
  const kernelId = model.driver?.kernelId;
  const known = !!kernelId && !!cell.id && places.hasCell(kernelId, cell.id);
  const name = trans.__('In [%1]', cell.prompt);
  return (
    <span className="jp-Spark-cell">
      <button
        disabled={!known}
        aria-label={trans.__('Go to %1', name)}
        title={
          known
            ? trans.__('Go to this cell')
            : trans.__('This cell is not in an open notebook')
        }
        onClick={() => places.goToCell(kernelId!, cell.id)}
      >
        {name}
      </button>
    </span>
  );
}
