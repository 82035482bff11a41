// What a sampled account of network load is worth: its shares beside the exact ones of the same run, with the error that
// so many samples would have by chance.

import { rounded } from '../model/decimal.ts';
import { NET_EVENTS } from '../model/load-cost.ts';
import type { EventTimes, MonitorFigures, PartShares } from '../model/load-monitor.ts';
import type { SampledLoad } from '../model/records.ts';

/** One monitored run: what was counted from outside, and what the guest's monitors say, ours first. */
export interface MonitoredRun {
  readonly user: number;
  readonly counts: readonly { readonly event: string; readonly part: string; readonly insns: number }[];
  readonly monitors: readonly {
    readonly name: string;
    readonly ns: Readonly<Record<string, number>>;
    readonly elapsedNs: number;
    readonly missing: readonly string[];
  }[];
  readonly sampled: SampledLoad;
  readonly ticks: Readonly<Record<string, number>>;
  /** While data was sent, by event. */
  readonly transfer: Readonly<Record<string, number>>;
  /** The same without monitors. */
  readonly alone: Readonly<Record<string, number>>;
}

const TICK_MS = 10;

export function monitorFigures(run: MonitoredRun): MonitorFigures {
  const { user, counts, monitors, sampled, ticks, transfer, alone } = run;
  const [own] = monitors;
  if (!own) throw new RangeError('no monitor');
  const insnsOf = (event: string) =>
    event === REST
      ? user + sum(counts.filter((each) => each.event === OUTSIDE).map(({ insns }) => insns))
      : sum(counts.filter((each) => each.event === event).map(({ insns }) => insns));
  const events = Object.keys(own.ns).map(
    (event): EventTimes => ({
      event,
      insns: insnsOf(event),
      ns: Object.fromEntries(monitors.map(({ name, ns }) => [name, ns[event] ?? 0])),
      samples: sampled.events[event] ?? 0,
    }),
  );
  const told = sum(Object.values(own.ns));
  return {
    hz: sampled.hz,
    samples: sum(sampled.counts.map(({ samples }) => samples)),
    lost: sampled.lost,
    events,
    parts: partShares(counts, sampled.counts),
    unaccounted: rounded((100 * (own.elapsedNs - told)) / own.elapsedNs, 4),
    processorMs: Object.fromEntries(Object.entries(ticks).map(([kind, count]) => [kind, count * TICK_MS])),
    slowdown: rounded(busy(transfer) / busy(alone), 5),
    missing: own.missing,
  };
}

function busy({ idle = 0, ...others }: Readonly<Record<string, number>>): number {
  return sum(Object.values(others));
}

/** As the monitor calls what is of no event, and as counting from outside does. */
const REST = 'rest';
const OUTSIDE = 'other';

/** Of the network's events; none where nothing was sampled. */
export function partShares(
  counts: MonitoredRun['counts'],
  sampled: SampledLoad['counts'],
): readonly PartShares[] {
  const net = counts.filter(({ event }) => (NET_EVENTS as readonly string[]).includes(event));
  const insns = sum(net.map((each) => each.insns));
  const samples = sum(sampled.map((each) => each.samples));
  if (samples === 0) return [];
  const names = [...new Set([...net, ...sampled].map(({ part }) => part))];
  return names
    .map((part) => {
      const exact = sum(net.filter((each) => each.part === part).map((each) => each.insns)) / insns;
      const seen = sum(sampled.filter((each) => each.part === part).map((each) => each.samples)) / samples;
      return {
        part,
        exact: rounded(100 * exact, 3),
        sampled: rounded(100 * seen, 3),
        expectedError: rounded(100 * Math.sqrt((exact * (1 - exact)) / samples), 3),
      };
    })
    .sort((a, b) => b.exact - a.exact);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
