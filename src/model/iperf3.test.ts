import { expect, test } from 'vitest';
import { parseIperf3 } from './iperf3.ts';

const SENT = { bytes: 1024, bits_per_second: 8e9, retransmits: 2 };

test.each([
  {
    of: 'TCP, with what is received and sent apart',
    end: { sum_sent: SENT, sum_received: { bytes: 1000, bits_per_second: 7e9 } },
    result: { bytes: 1024, bitsPerSecond: 7e9, retransmits: 2 },
  },
  {
    of: 'UDP, with one sum and what got lost',
    end: { sum: { bytes: 500, bits_per_second: 1e6, lost_packets: 3, packets: 10 } },
    result: { bytes: 500, bitsPerSecond: 1e6, lost: 3 },
  },
])('a report of $of is read', ({ end, result }) => {
  expect(parseIperf3(JSON.stringify({ start: {}, end }))).toEqual(result);
});

test.each([
  ['no JSON', 'iperf3: error', "iperf3's report is none: iperf3: error"],
  ['an error of its own', '{"end":{},"error":"unable to connect"}', "iperf3 says 'unable to connect'"],
  ['no sum', '{"end":{}}', "iperf3's report has no sum"],
])('a report with %s is refused', (_, text, message) => {
  expect(() => parseIperf3(text)).toThrow(new RangeError(message));
});
