// What tail calls cost in place: chains of all lengths probe one function of the kernel that every TCP segment passes, and
// iperf3 sends. The same hits run each of them, so how many segments there are, and of what size, is in no difference.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '../explain/tail-call-trace.ts';
import { fitLine } from '../measurements/line-fit.ts';
import { TollgateError } from '../model/errors.ts';
import type { AttachedProgram, LoadJob } from '../model/job.ts';
import { steadyValue } from '../model/percentile.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import type { ChainCost, InPlaceChainCost } from '../model/tail-call-cost.ts';
import { encodeJob } from '../model/window.ts';
import { loadFiles } from '../vm/load-files.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { runTraced, type TailCallOptions } from './tail-calls.ts';

/** A symbol of its own in all kernels since 5.10, and none that probes are refused at. */
const PROBED = 'tcp_v4_rcv';
/** Some two hundred segments, as veth leaves them whole. */
const RUN = { protocol: 'tcp', streams: 1, bytes: 4 << 20 } as const;
/** A tick of the timer falls into some hit of one run, and not of each. */
const RUNS = 4;

/** Runs the chains of these lengths under iperf3. `ran` is left out where there was nothing to run it with. */
export async function chainUnderLoad(
  session: Session,
  { slot }: Pick<ChainCost, 'slot'>,
  { lengths, jitHarden }: { readonly lengths: readonly number[]; readonly jitHarden: number },
  options: TailCallOptions,
): Promise<{ readonly ran?: JobResult; readonly cost: InPlaceChainCost | Absent }> {
  const files = await loadFiles(options);
  const elf = readFileSync(
    join(options.distDir, 'bpf', `tail_calls_kprobe_${slot === 'constant' ? 'direct' : 'indirect'}.bpf.o`),
  );
  const job = encodeJob((place): LoadJob => {
    const placed = place(elf);
    return {
      format: 1,
      task: 'load',
      attached: lengths.map(
        (length): AttachedProgram => ({
          object: 'chain',
          elf: placed,
          programs: [{ name: programOf(length), inputs: [], maps: {}, tailCalls: {} }],
          mapSizes: {},
          program: programOf(length),
          attach: { hook: 'kprobe', options: { function: PROBED } },
        }),
      ),
      files: Object.fromEntries([...files].map(([name, bytes]) => [name, place(bytes)])),
      runs: Array.from({ length: RUNS }, () => RUN),
      jitHarden,
      reportStats: true,
    };
  });
  const traced = await runTraced(session, job, options, true);
  if ('reason' in traced) return { cost: traced };
  return { ran: traced.ran, cost: costOf(lengths, traced.ran.records, traced.trace) };
}

const programOf = (length: number) => `step_${length}`;

function costOf(
  lengths: readonly number[],
  records: readonly GuestRecord[],
  trace: Trace,
): InPlaceChainCost | Absent {
  for (const record of records) {
    if (record.type === 'no-load') return record.absent;
    if (record.type === 'error') throw failed(record.message, 'guest-error');
  }
  const took = hitsOf(entriesOf(lengths, records), trace);
  const accounts = records.flatMap((record) => (record.type === 'stats' ? [record.programs] : []));
  const counts = accounts.at(-1)?.map(({ hits }) => hits) ?? [];
  const [hits] = counts;
  if (accounts.length !== RUNS || counts.length !== lengths.length || !hits)
    throw failed('the guest does not tell what the kernel has counted', 'bad-records');
  if (counts.some((each) => each !== hits))
    return { reason: `the chains have not all run at the same hits: ${counts.join(', ')}` };
  // What the last hit of all took is told with the hit behind it, which never comes.
  const untold = took.reduce((sum, each) => sum + hits - each.length, 0);
  if (untold !== 1)
    throw failed(`the kernel counts ${hits} hits of each chain, of which ${untold} are not seen`);
  const insns = took.map(steadyValue);
  const statsInsns = lengths.map((_, chain) => leastMean(accounts.map((programs) => programs[chain]!)));
  const { slope, residual } = fitLine(lengths, insns);
  return {
    at: PROBED,
    bytes: RUNS * RUN.bytes,
    hits,
    otherHits: took.flatMap((values, i) => values.filter((value) => value !== insns[i])).length,
    tail_call_insns: slope,
    residual,
    insns,
    statsSlope: fitLine(lengths, statsInsns).slope,
    statsInsns,
  };
}

/** Of what was counted until each run was over, the mean of the run in which that is least. */
function leastMean(counted: readonly { readonly hits: number; readonly ns: number }[]): number {
  const means = counted.flatMap(({ hits, ns }, i) => {
    const before = counted[i - 1] ?? { hits: 0, ns: 0 };
    return hits > before.hits ? [(ns - before.ns) / (hits - before.hits)] : [];
  });
  return Math.round(Math.min(...means) * 1000) / 1000;
}

/** Where each chain begins. Every one has an object of its own, all of whose programs are told, in the job's order. */
function entriesOf(lengths: readonly number[], records: readonly GuestRecord[]): bigint[] {
  return lengths.map((length, i) => {
    const programs = records.filter(
      (record) => record.type === 'image' && record.part === 0 && record.program === programOf(length),
    );
    const image = programs[i];
    if (image?.type !== 'image') throw failed(`it does not tell where the chain of ${length} lies`);
    return BigInt(`0x${image.address}`);
  });
}

/** Of each chain what every hit took, in instructions: what lies between its entry and the next one's. */
function hitsOf(entries: readonly bigint[], { blocks, epochs }: Trace): number[][] {
  const took = new Map(entries.map((entry) => [entry, [] as number[]]));
  for (const { entry, blocks: ran } of epochs)
    took
      .get(entry)
      ?.push(
        ran.reduce((sum, [block, count]) => sum + count * (blocks.get(block)?.addresses.length ?? 0), 0),
      );
  return entries.map((entry) => took.get(entry)!);
}

function failed(message: string, reason = 'bad-profile'): TollgateError {
  return new TollgateError('infrastructure', `Cannot tell what tail calls cost under load: ${message}`, {
    reason,
  });
}
