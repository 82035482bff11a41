import { expect, test } from 'vitest';
import type { ArmRounds } from '../model/timed.ts';
import { type HookRounds, hookRounds, packetRates } from './timed-hook.ts';

const FACTS = { discarded: { interrupted: 0, steal: 0, frequency: 0 }, seconds: 1 };

/** Two rounds of ten packets that take so many ns each, or are dropped when they have been sent. */
const arm = (ns: number, lost = 0): ArmRounds => ({
  ...{ stimulus: 'udp', sent: [ns / 2, ns / 2], done: [ns, ns + 10], mean: [ns, ns + 10] },
  ...{ p50: [], p99: [], count: 20, lost },
});
const ARMS = { nothing: arm(1000), nothingAgain: arm(1250), empty: arm(1500) };

test('a difference of arms has rounds, and the noise of the two that are alike', () => {
  const found = hookRounds({ ...ARMS, head: arm(1600), base: arm(1550) }, FACTS);
  const rounds = (metric: HookRounds['metric']) => found.find((each) => each.metric === metric)!.rounds;
  expect(rounds('hook_ns')).toMatchObject({ head: [1500, 1510], base: [], emptyAgain: [1250, 1260] });
  expect(rounds('hook_program_ns')).toMatchObject({ head: [1600, 1610], base: [1550, 1560] });
});

test('packets that get through have a rate of both sides, round by round, with noise around 0', () => {
  const [drop, pass] = packetRates({ ...ARMS, head: arm(2000), base: arm(1600) }, FACTS);
  expect(pass).toEqual({
    metric: 'pass_pps',
    rounds: {
      ...FACTS,
      runsInBatch: 1,
      head: [500_000, 497_512],
      base: [625_000, 621_118],
      empty: [100_000, 98_224],
      emptyAgain: [-100_000, -98_224],
    },
    absent: {},
  });
  const reason = '20 of 20 packets get through';
  expect(drop).toMatchObject({
    metric: 'drop_pps',
    rounds: { head: [], base: [] },
    absent: { head: { reason }, base: { reason } },
  });
});

test('a head that drops what base lets through has the other rate, and says why it lacks this one', () => {
  const [drop, pass] = packetRates({ ...ARMS, head: arm(2000, 20), base: arm(1600) }, FACTS);
  expect([drop!.rounds.head, drop!.rounds.base]).toEqual([[1_000_000, 1_000_000], []]);
  expect([pass!.rounds.head, pass!.rounds.base]).toEqual([[], [625_000, 621_118]]);
  expect(pass!.absent).toEqual({ head: { reason: '0 of 20 packets get through' } });
});

test.each([
  ['some packets get lost', { head: arm(2000, 5) }, { head: { reason: '15 of 20 packets get through' } }],
  ['the program does not load', { head: { reason: 'refused' } }, { head: { reason: 'refused' } }],
  ['head has no such program', { base: arm(1600, 5) }, { base: { reason: '15 of 20 packets get through' } }],
] as const)('there is no rate where %s', (_, sides, absent) => {
  for (const each of packetRates({ ...ARMS, ...sides }, FACTS)) {
    expect(each.absent).toEqual(absent);
    expect([each.rounds.head, each.rounds.base]).toEqual([[], []]);
  }
});

test('of a hook alone the rate is that of the empty program', () => {
  const [, pass] = packetRates(ARMS, FACTS);
  expect(pass!.rounds).toMatchObject({ head: [666_667, 662_252], base: [] });
});
