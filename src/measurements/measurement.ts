// What a kind of measurement is: a list of metrics, and how to take them through the port.

import type { JobInput } from '../model/job.ts';
import type { MetricName } from '../model/metrics.ts';
import type { LoadedProgram, RunPort } from '../model/port.ts';
import type { Absent } from '../model/report.ts';

/** One figure, or the reason why there is none. Values are counts; a mean has up to three decimals. */
export interface Figure {
  readonly metric: MetricName;
  readonly input?: string;
  readonly value?: number;
  readonly absent?: Absent;
  readonly note?: string;
}

export interface Subject {
  readonly program: LoadedProgram;
  readonly inputs: readonly JobInput[];
  /** Why there are no inputs, where the type could be run. */
  readonly notRun?: string;
  readonly port: RunPort;
}

export interface MeasurementKind {
  readonly name: string;
  readonly metrics: readonly MetricName[];
  /** True where it runs the program; false where loading it is enough. */
  readonly runs: boolean;
  readonly measure: (subject: Subject) => readonly Figure[];
}
