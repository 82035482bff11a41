// What a run costs: the instructions from a program's first to its return, cold and warm, per packet.

import type { JobInput } from '../model/job.ts';
import type { MetricName } from '../model/metrics.ts';
import { distribution, mean, steadyValue } from '../model/percentile.ts';
import type { Run } from '../model/port.ts';
import type { Absent } from '../model/report.ts';
import type { Figure, MeasurementKind, Subject } from './measurement.ts';

/** Passes over an input: the first is cold, the value that repeats in the others is the figure. */
const WARM_PASSES_ONE_PACKET = 16;
const WARM_PASSES_MANY_PACKETS = 4;

const ONE_PACKET: readonly MetricName[] = ['run_insns', 'run_insns_cold'];
const MANY_PACKETS: readonly MetricName[] = [
  ...ONE_PACKET,
  'run_insns_p50',
  'run_insns_p99',
  'run_insns_max',
];

export const run: MeasurementKind = {
  name: 'run',
  runs: true,
  metrics: MANY_PACKETS,
  measure: (subject) => {
    const { program, inputs, notRun } = subject;
    const type = program.type;
    if (!type.testRun)
      return absent(undefined, ONE_PACKET, {
        reason: `${type.name} programs have no test run: they run only where they are attached`,
      });
    if (inputs.length === 0)
      return notRun === undefined ? [] : absent(undefined, ONE_PACKET, { reason: notRun });
    return inputs.flatMap((input) => measureInput(subject, input));
  },
};

/** The timer can be put off for 65,536 ticks of 838 ns (native/clock.c): its interrupt is in what runs for longer. */
const UNDISTURBED_INSNS = 54_900_000;

function measureInput({ program, port }: Subject, input: JobInput): readonly Figure[] {
  const many = input.packets.length > 1;
  const runs = port.run(program.name, input, 1 + (many ? WARM_PASSES_MANY_PACKETS : WARM_PASSES_ONE_PACKET));
  if ('reason' in runs) return absent(input.name, many ? MANY_PACKETS : ONE_PACKET, runs);
  const [cold, ...warm] = runs.passes;
  if (!cold?.[0] || warm.length === 0) throw new RangeError('a measurement needs a cold and a warm pass');
  const perPacket = cold.map((_, packet) => steadyValue(warm.map((pass) => pass[packet]!.insns)));
  const figure = (metric: MetricName, value: number, note?: string): Figure => ({
    metric,
    input: input.name,
    value,
    ...(note === undefined ? {} : { note }),
  });
  const figures = [
    figure('run_insns', mean(perPacket), runs.note ?? disturbed(runs.passes) ?? varies(warm)),
    figure('run_insns_cold', cold[0].insns),
  ];
  if (!many) return figures;
  const { p50, p99, max } = distribution(perPacket);
  return [
    ...figures,
    figure('run_insns_p50', p50),
    figure('run_insns_p99', p99),
    figure(
      'run_insns_max',
      max,
      `packet ${perPacket.indexOf(max) + 1} of ${perPacket.length} is the dearest`,
    ),
  ];
}

function disturbed(passes: readonly (readonly Run[])[]): string | undefined {
  return passes.flat().some(({ insns }) => insns > UNDISTURBED_INSNS)
    ? `runs of more than ${UNDISTURBED_INSNS} instructions are interrupted by the timer, whose own are in the figure`
    : undefined;
}

/** A note where warm runs of one packet differ: the program keeps state, draws random numbers or reads a clock. */
function varies(warm: readonly (readonly Run[])[]): string | undefined {
  if (warm[0]?.length !== 1) return undefined;
  const values = warm.map((pass) => pass[0]!.insns);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? undefined : `warm runs take ${low} to ${high}, mean ${mean(values)}`;
}

function absent(input: string | undefined, metrics: readonly MetricName[], reason: Absent): Figure[] {
  return metrics.map((metric) => ({ metric, ...(input === undefined ? {} : { input }), absent: reason }));
}
