// iperf3's own report (-J), as far as it is looked at. It comes out of the guest, so it is parsed like anything else there.

import * as z from 'zod';
import { IPERF3_REPORT_LIMIT } from './job.ts';

const finite = z.number().finite();
const sumSchema = z.looseObject({
  bytes: finite.nonnegative(),
  bits_per_second: finite.nonnegative(),
  retransmits: finite.nonnegative().optional(),
  /** UDP only. */
  lost_packets: finite.optional(),
  packets: finite.nonnegative().optional(),
});

const reportSchema = z.looseObject({
  error: z.string().optional(),
  end: z.looseObject({
    sum: sumSchema.optional(),
    sum_sent: sumSchema.optional(),
    sum_received: sumSchema.optional(),
  }),
});

export interface Iperf3Result {
  readonly bytes: number;
  readonly bitsPerSecond: number;
  /** TCP only. */
  readonly retransmits?: number;
  /** UDP only. */
  readonly lost?: number;
}

/** What a report says; throws RangeError on one that is none, or that tells of an error of iperf3's. */
export function parseIperf3(text: string): Iperf3Result {
  if (text.length > IPERF3_REPORT_LIMIT) throw new RangeError(`${text.length} characters`);
  let parsed: z.infer<typeof reportSchema>;
  try {
    parsed = reportSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RangeError(`iperf3's report is none: ${text.slice(0, 80)}`, { cause });
  }
  const { error, end } = parsed;
  if (error !== undefined) throw new RangeError(`iperf3 says '${error.slice(0, 500)}'`);
  const sent = end.sum_sent ?? end.sum;
  if (!sent) throw new RangeError("iperf3's report has no sum");
  const lost = end.sum?.lost_packets;
  return {
    bytes: sent.bytes,
    bitsPerSecond: (end.sum_received ?? sent).bits_per_second,
    ...(sent.retransmits === undefined ? {} : { retransmits: sent.retransmits }),
    ...(lost === undefined ? {} : { lost }),
  };
}
