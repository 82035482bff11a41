import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Measurement } from '../model/report.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { readObject } from './objects.ts';
import { planJobs } from './plan.ts';
import { runCounting, tailCallFigures } from './tail-calls.ts';

const BUILT = join(import.meta.dirname, '../../fixtures/lb/built/base/build');

function plan(name: string) {
  const object = readObject(join(BUILT, name), name);
  return planJobs({ side: 'head', objects: [object], config: { programs: {} }, directory: BUILT })[0]!;
}

const RUN: Measurement = {
  ...{ target: 'debian:6.1/exact', side: 'head', object: 'an object', program: 'xdp_lb' },
  ...{ metric: 'run_insns', unit: 'insns', input: 'udp:64', value: 937 },
};

const values = (found: ReturnType<typeof tailCallFigures>) =>
  found.measurements.map(({ metric, value, absent }) => [metric, value ?? absent!.reason]);

test('an object without tail calls has 0 of them, whoever counted', () => {
  expect(values(tailCallFigures(plan('filter.bpf.o'), [RUN]))).toEqual([
    ['tail_calls', 0],
    ['tail_call_share', 0],
  ]);
});

test('calls that cannot be told apart are absent with the reason, and the job runs as it is', async () => {
  const whole = plan('lb.bpf.o');
  const { job: _, ...known } = whole.tailCalls!;
  const blind = { ...whole, tailCalls: known };
  const ran: Uint8Array[] = [];
  const session = {
    run: async (bytes: Uint8Array) => {
      ran.push(bytes);
      return { records: [] } as unknown as JobResult;
    },
  } as unknown as Session;
  const { counted } = await runCounting(session, blind, {} as Parameters<typeof runCounting>[2]);
  expect(ran.map((bytes) => Buffer.compare(bytes, whole.bytes))).toEqual([0]);
  const reason =
    'no object can be made of this one by which the kernel tells which machine code is of which instruction';
  const found = tailCallFigures(blind, [RUN], counted);
  expect(values(found)).toEqual([
    ['tail_calls', reason],
    ['tail_call_share', reason],
  ]);
  expect(found.tailCalls.length).toBeGreaterThan(0);
});
