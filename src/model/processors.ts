// What Linux says of a machine's processors, as text of /proc (proc_stat(5), proc_pid_status(5)): which did the least.

const KINDS = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;

/** Ticks of 10 ms, by kind; guests' are in user's already. */
export type ProcessorTicks = Readonly<Record<TickKind, number>>;

type TickKind = (typeof KINDS)[number];

/** Of all processors since boot, from /proc/stat. */
export function allTicks(stat: string): ProcessorTicks {
  return ticksOf(/^cpu +(.*)$/m.exec(stat)?.[1] ?? '');
}

/** Of one processor since boot, in ticks of 10 ms. */
export interface CpuTimes {
  readonly busy: number;
  readonly steal: number;
}

/** By number, from /proc/stat. */
export function cpuTimesOf(stat: string): ReadonlyMap<number, CpuTimes> {
  return new Map(
    [...stat.matchAll(/^cpu(\d+) (.*)$/gm)].map(([, cpu, text]) => {
      const { user, nice, system, irq, softirq, steal } = ticksOf(text!);
      return [Number(cpu), { busy: user + nice + system + irq + softirq + steal, steal }];
    }),
  );
}

function ticksOf(text: string): ProcessorTicks {
  const ticks = text.split(' ').map(Number);
  return Object.fromEntries(KINDS.map((kind, i) => [kind, ticks[i] ?? 0])) as Record<TickKind, number>;
}

/** What came to be between two looks. */
export function ticksBetween(before: ProcessorTicks, after: ProcessorTicks): ProcessorTicks {
  return Object.fromEntries(KINDS.map((kind) => [kind, after[kind] - before[kind]])) as Record<
    TickKind,
    number
  >;
}

/** Those that a process may run on, from its /proc/PID/status: 'Cpus_allowed_list: 0-3,8'. */
export function allowedCpusOf(status: string): ReadonlySet<number> {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
  return new Set(
    list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }),
  );
}

/** The one of `allowed` that did the least between two looks. Throws TypeError where there is none. */
export function quietestOf(
  before: ReadonlyMap<number, CpuTimes>,
  after: ReadonlyMap<number, CpuTimes>,
  allowed: ReadonlySet<number>,
): number {
  const done = [...after]
    .filter(([cpu]) => allowed.has(cpu))
    .map(([cpu, { busy }]) => ({ cpu, busy: busy - (before.get(cpu)?.busy ?? 0) }));
  // The last of equals: interrupts tend to go to the first.
  return done.reduceRight((least, each) => (each.busy < least.busy ? each : least)).cpu;
}
