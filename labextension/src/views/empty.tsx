import React from 'react';

import { useEnv } from './env';

/** Works in every kernel of Python; ours has `sc` already. */
const START =
  'from pyspark_shell import SparkContext; sc = SparkContext.getOrCreate()';

/** Why there is nothing to show, and what to do about it. */
export function Empty(): JSX.Element {
  const { model, places, trans } = useEnv();
  if (model.serverMissing) {
    return (
      <p className="jp-Spark-empty">
        {trans.__(
          'The server extension of pyspark_shell is not enabled in this Jupyter server. Enable it with:'
        )}{' '}
        <code>jupyter server extension enable pyspark_shell</code>
      </p>
    );
  }
  if (
    !model.drivers ||
    (model.driver && model.connection.state === 'loading')
  ) {
    return <p className="jp-Spark-empty">{trans.__('Looking for drivers…')}</p>;
  }
  if (model.driver) {
    return (
      <p className="jp-Spark-empty">
        {trans.__('Nothing is known of this driver yet.')}
      </p>
    );
  }
  return (
    <div className="jp-Spark-empty">
      <p>
        {model.drivers.length
          ? trans.__('No driver in this notebook yet. Run this in it:')
          : trans.__('No driver yet. Run this in a notebook:')}
      </p>
      <p>
        <code>{START}</code>{' '}
        <button className="jp-Spark-link" onClick={() => places.copy(START)}>
          {trans.__('Copy')}
        </button>
      </p>
      <p>
        {trans.__('or start this in a terminal:')} <code>pyspark-shell</code>
      </p>
      <p>{trans.__('Its jobs then show up here, each with a Kill button.')}</p>
    </div>
  );
}
