// What the verifier had to do, from its statistics log; the names and values are veristat's.

import type { MeasurementKind } from './measurement.ts';
import { deepestStack } from './stack.ts';
import { parseVerifierStats } from './verifier-log.ts';

export const verifier: MeasurementKind = {
  name: 'verifier',
  runs: false,
  metrics: ['total_insns', 'total_states', 'peak_states', 'max_states_per_insn', 'stack_depth'],
  measure: ({ program }) => {
    const stats = parseVerifierStats(program.log);
    const missing = { reason: 'the verifier printed no statistics (log level 4)', since: '5.2' };
    const of = (metric: (typeof verifier.metrics)[number], value: number | undefined) =>
      value === undefined ? { metric, absent: missing } : { metric, value };
    return [
      of('total_insns', stats?.totalInsns),
      of('total_states', stats?.totalStates),
      of('peak_states', stats?.peakStates),
      of('max_states_per_insn', stats?.maxStatesPerInsn),
      of('stack_depth', stats?.stackDepths && deepestStack(stats.stackDepths, program.xlated)),
    ];
  },
};
