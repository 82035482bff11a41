// The metrics, their units and which way is worse. Names follow veristat and the kernel where they have one.

export interface Metric {
  readonly name: string;
  readonly unit: string;
  /** 'less': a smaller value is better (a cost); 'more': a larger one is. */
  readonly better: 'less' | 'more';
  /** A part of another metric: a smaller part of what has grown is no improvement. */
  readonly isShare?: true;
  /** True for metrics that exist once per input of a program. */
  readonly perInput: boolean;
  /** The mode that alone has it; left out where both have. */
  readonly mode?: 'exact' | 'timed';
  /** Of network load, not of a program: budgets on it stand under 'load'. */
  readonly isOfLoad?: true;
  /** Of a kernel, not of a program: budgets on it stand under 'tail_calls'. */
  readonly isOfTailCalls?: true;
  /** Of its figures; 0 where left out. An allowance in percent is rounded down to that. */
  readonly decimals?: number;
  readonly description: string;
}

const cost = (name: string, unit: string, description: string, perInput = false): Metric => ({
  name,
  unit,
  better: 'less',
  perInput,
  description,
});

const rate = (name: string, description: string): Metric => ({
  name,
  unit: 'pps',
  better: 'more',
  perInput: true,
  description,
});

/** Only a clock of real time gives it. */
const timed = (metric: Metric): Metric => ({ ...metric, mode: 'timed' });

const clocked = (metric: Metric): Metric => timed({ ...metric, decimals: 3 });

/** Only a clock that counts instructions gives it. */
const counted = (metric: Metric): Metric => ({ ...metric, mode: 'exact' });

const ofLoad = (name: string, unit: string, description: string, decimals = 0): Metric => ({
  ...cost(name, unit, description, true),
  isOfLoad: true,
  decimals,
});

export const METRICS = [
  {
    name: 'load_ok',
    unit: 'bool',
    better: 'more',
    perInput: false,
    description: 'the verifier accepts the program: 1, or 0 with its log',
  },
  cost('total_insns', 'insns', 'instructions the verifier processed (veristat: total_insns)'),
  cost('total_states', 'states', 'verifier states created (veristat: total_states)'),
  cost('peak_states', 'states', 'verifier states alive at once (veristat: peak_states)'),
  cost(
    'max_states_per_insn',
    'states',
    'verifier states at the busiest instruction (veristat: max_states_per_insn)',
  ),
  cost('stack_depth', 'bytes', 'stack of the deepest call chain'),
  cost('prog_size', 'insns', 'BPF instructions after relocation, subprograms included (veristat: prog_size)'),
  cost('prog_size_jited', 'bytes', 'machine code after the JIT (veristat: prog_size_jited)'),
  cost('map_bytes', 'bytes', 'memory of the maps the program uses, as the kernel accounts it'),
  cost('map_count', 'maps', 'maps the program uses'),
  counted(
    cost(
      'run_insns',
      'insns',
      'instructions of a warm run, first to return, helpers included; the mean over a pcap',
      true,
    ),
  ),
  counted(
    cost(
      'run_insns_cold',
      'insns',
      'instructions of the first run after loading; the first packet of a pcap',
      true,
    ),
  ),
  counted(cost('run_insns_p50', 'insns', 'median packet of a pcap', true)),
  counted(cost('run_insns_p99', 'insns', '99th percentile packet of a pcap', true)),
  counted(cost('run_insns_max', 'insns', 'dearest packet of a pcap', true)),
  clocked(
    cost('run_ns', 'ns', 'time of a warm run beyond that of an empty program; the mean over a pcap', true),
  ),
  {
    ...clocked(cost('tail_call_ns', 'ns', 'time of one tail call of a chain, on this kernel', true)),
    isOfTailCalls: true,
  },
  counted(
    cost('tail_calls', 'calls', 'tail calls of a warm run that reach a program; the mean over a pcap', true),
  ),
  {
    ...counted(cost('tail_call_share', '%', 'share of run_insns in the machine code of tail calls', true)),
    isShare: true,
  },
  counted(
    cost(
      'hook_insns',
      'insns',
      'what the hook adds to a packet or event: an empty program against none',
      true,
    ),
  ),
  counted(
    cost('hook_total_insns', 'insns', 'what the program and its hook add: the program against none', true),
  ),
  counted(
    cost('hook_program_insns', 'insns', 'what the program adds at the hook: it against an empty one', true),
  ),
  clocked(cost('hook_ns', 'ns', 'time that the hook adds: an empty program against none', true)),
  clocked(
    cost('hook_total_ns', 'ns', 'time that the program and its hook add: the program against none', true),
  ),
  clocked(
    cost('hook_program_ns', 'ns', 'time that the program adds at the hook: it against an empty one', true),
  ),
  rate('drop_pps', 'packets a second that the program keeps from getting through'),
  rate('pass_pps', 'packets a second that the program lets through'),
  cost('rtt_p50_ns', 'ns', 'median round trip', true),
  cost('rtt_p99_ns', 'ns', '99th percentile of round trips', true),
  ofLoad('net_cpu', '%', 'share of all processor time in the network: the four events together', 3),
  ofLoad('rx_softirq', '%', 'share of all processor time in the receiving softirq', 3),
  ofLoad('tx_softirq', '%', 'share of all processor time in the sending softirq', 3),
  ofLoad('sock_send', '%', 'share of all processor time in sends on sockets', 3),
  ofLoad('sock_recv', '%', 'share of all processor time in receives on sockets', 3),
  counted(
    ofLoad(
      'insns_per_packet',
      'insns',
      'instructions of the network for each packet that crosses the link',
      3,
    ),
  ),
  counted(
    ofLoad('insns_per_byte', 'insns', 'instructions of the network for each byte that iperf3 sends', 6),
  ),
  timed(ofLoad('ns_per_packet', 'ns', 'time of the network for each packet that crosses the link', 3)),
  timed(ofLoad('ns_per_byte', 'ns', 'time of the network for each byte that iperf3 sends', 6)),
  { ...ofLoad('throughput_bps', 'bps', 'bits a second, in exact mode of virtual time'), better: 'more' },
  counted(ofLoad('lost_packets', 'packets', 'packets that devices or programs dropped')),
  counted(ofLoad('retransmits', 'segments', 'segments that TCP sent again')),
] as const satisfies readonly Metric[];

export type MetricName = (typeof METRICS)[number]['name'];

export const METRIC_NAMES = METRICS.map((metric) => metric.name) as [MetricName, ...MetricName[]];

/** The metric of that name. Throws RangeError on a name that is none. */
export function metricOf(name: string): Metric {
  const found = METRICS.find((metric) => metric.name === name);
  if (!found) throw new RangeError(`no metric '${name}'`);
  return found;
}

/** The metrics of network load. */
export const LOAD_METRIC_NAMES = METRICS.filter(({ isOfLoad }: Metric) => isOfLoad).map(({ name }) => name);

/** Those that a mode has. */
export const loadMetricNames = (inMode: NonNullable<Metric['mode']>): readonly MetricName[] =>
  METRICS.filter(({ isOfLoad, mode = inMode }: Metric) => isOfLoad && mode === inMode).map(
    ({ name }) => name,
  );
