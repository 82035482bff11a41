// What the monitor in the guest says of network load, as tables for the terminal, in markdown and as JSON: time by event
// beside instructions counted from outside, and shares of parts as sampled beside those that are exact.

import { loadLabel, NET_EVENTS } from '../model/load-cost.ts';
import type { MonitoredLoad, MonitoredLoads, MonitorFigures } from '../model/load-monitor.ts';
import { figuresRenderers, type Table, targetLines } from './figures-table.ts';
import { left, right } from './table.ts';

export const LOAD_MONITOR_RENDERERS = figuresRenderers(({ loads }: MonitoredLoads) => {
  const told = loads.filter(isTold);
  return { tables: [eventsTable(told), partsTable(told)], words: WORDS, facts: factsOf(loads) };
});

type Told = MonitoredLoad & { readonly figures: MonitorFigures };

const isTold = (load: MonitoredLoad): load is Told => !('reason' in load.figures);

const SOFTIRQS = ['rx_softirq', 'tx_softirq', 'other_softirq'];
const SYSTEM = ['sock_send', 'sock_recv', 'rest', 'hard_irq'];

/** Events, and the sums that the kernel's own account has (proc_stat). */
const ROWS: readonly {
  readonly name: string;
  readonly of: (event: string) => boolean;
  readonly kinds?: readonly string[];
}[] = [
  ...NET_EVENTS.map((name) => ({ name, of: (event: string) => event === name })),
  { name: 'the network', of: (event) => (NET_EVENTS as readonly string[]).includes(event) },
  { name: 'all softirqs', of: (event) => SOFTIRQS.includes(event), kinds: ['softirq'] },
  {
    name: 'system calls, interrupts, user',
    of: (event) => SYSTEM.includes(event),
    kinds: ['system', 'irq', 'user', 'nice'],
  },
  { name: 'idle', of: (event) => event === 'idle', kinds: ['idle', 'iowait'] },
  { name: 'steal', of: (event) => event === 'steal', kinds: ['steal'] },
  {
    name: 'all',
    of: () => true,
    kinds: ['system', 'irq', 'user', 'nice', 'softirq', 'idle', 'iowait', 'steal'],
  },
];

function eventsTable(told: readonly Told[]): Table {
  const names = Object.keys(told[0]?.figures.events[0]?.ns ?? {});
  const millions = (value: number) => (value / 1e6).toFixed(2);
  return {
    columns: [
      ...['kernel', 'attached', 'event'].map(left),
      right('exact, M insns'),
      ...names.map((name) => right(`${name}, ms`)),
      ...['sampled, ms', '/proc/stat, ms'].map(right),
    ],
    rows: told.flatMap(({ target, arm, figures: { events, hz, processorMs } }) =>
      ROWS.map(({ name, of, kinds }) => {
        const total = (value: (event: (typeof events)[number]) => number) =>
          events.filter(({ event }) => of(event)).reduce((all, each) => all + value(each), 0);
        return [
          ...[target.kernel, arm, name, millions(total(({ insns }) => insns))],
          ...names.map((monitor) => millions(total(({ ns }) => ns[monitor]!))),
          hz === 0 ? '-' : ((1000 * total(({ samples }) => samples)) / hz).toFixed(1),
          kinds ? String(kinds.reduce((all, kind) => all + (processorMs[kind] ?? 0), 0)) : '-',
        ];
      }),
    ),
  };
}

/** The least share that has a row. */
const SHOWN_PERCENT = 0.5;

function partsTable(told: readonly Told[]): Table {
  return {
    columns: [
      ...['kernel', 'attached', 'part'].map(left),
      ...['exact %', 'sampled %', 'difference', 'expected error'].map(right),
    ],
    rows: told.flatMap(({ target, arm, figures: { parts } }) =>
      parts
        .filter(({ exact, sampled }) => Math.max(exact, sampled) >= SHOWN_PERCENT)
        .map(({ part, exact, sampled, expectedError }) => [
          ...[target.kernel, arm, part],
          ...[exact.toFixed(2), sampled.toFixed(2), (sampled - exact).toFixed(2)],
          expectedError.toFixed(2),
        ]),
    ),
  };
}

const WORDS =
  "One run. exact: instructions, counted from outside, of which each takes a ns there. By name: what that monitor counts inside. sampled: ticks of the sampling clock. /proc/stat counts in ticks of the timer. Below: shares of the network's events by part; expected error: one standard deviation of so many samples drawn at random.";

function factsOf(loads: readonly MonitoredLoad[]): string[] {
  const targets = new Map(loads.map(({ target }) => [target.id, target]));
  return [
    ...loads.map(({ target, load, arm, figures }) => {
      const what = `${target.kernel}, ${loadLabel(load)}, ${arm}`;
      if ('reason' in figures) return `${what}: ${figures.reason}`;
      const { hz, samples, lost, unaccounted, slowdown, missing } = figures;
      return [
        `${what}: ${samples} samples of the network at ${hz} Hz, ${lost} lost`,
        `events miss ${unaccounted} % of all time`,
        `with monitors, sending takes ${slowdown.toFixed(4)} of the processor time without`,
        ...(missing.length > 0 ? [`the kernel lacks ${missing.join(', ')}`] : []),
      ].join('; ');
    }),
    ...[...targets.values()].flatMap(targetLines),
  ];
}
