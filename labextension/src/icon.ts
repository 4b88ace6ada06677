import { LabIcon } from '@jupyterlab/ui-components';

import spark from '../style/spark.svg';

export const sparkIcon = new LabIcon({
  name: 'pyspark-shell:spark',
  svgstr: spark
});
