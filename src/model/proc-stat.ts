// What processors have done since boot, as the kernel writes it into /proc/stat (proc_stat).

const KINDS = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;

/** Ticks of 10 ms, by kind; guests' are in user's already. */
export type ProcessorTicks = Readonly<Record<TickKind, number>>;

type TickKind = (typeof KINDS)[number];

/** Of all processors. */
export function allTicks(stat: string): ProcessorTicks {
  return ticksOf(/^cpu +(.*)$/m.exec(stat)?.[1] ?? '');
}

/** By CPU number. */
export function ticksByCpu(stat: string): ReadonlyMap<number, ProcessorTicks> {
  return new Map(
    [...stat.matchAll(/^cpu(\d+) (.*)$/gm)].map(([, cpu, ticks]) => [Number(cpu), ticksOf(ticks!)]),
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
