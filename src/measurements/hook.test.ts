import { expect, test } from 'vitest';
import { type Events, type HookArm, hookFigures } from './hook.ts';

/** 64 events at `cost`, of which the last take what `odd` says (-1: lost). */
const events = (cost: number, ...odd: readonly number[]): Events => ({
  sent: Array(64).fill(cost - 10),
  done: [...Array(64 - odd.length).fill(cost), ...odd],
});
const arm = (stream: HookArm['stream'], roundTrips?: HookArm['roundTrips']): HookArm => ({
  unit: 'packet',
  stream,
  ...(roundTrips === undefined ? {} : { roundTrips }),
});
const whole = { count: 64, lost: 0 };
const [nothing, empty, own] = [arm(events(1000)), arm(events(1200, 9000)), arm(events(1250))];

test('hook and program are differences of what repeats; means and losses are beside them', () => {
  expect(hookFigures({ nothing, empty, own })).toEqual([
    { metric: 'hook_insns', value: 200, events: { ...whole, mean: 321.875 } },
    { metric: 'hook_total_insns', value: 250, events: { ...whole, mean: 250 } },
    { metric: 'hook_program_insns', value: 50, events: { ...whole, mean: -71.875 } },
    { metric: 'drop_pps', events: whole, absent: { reason: '64 of 64 packets get through' } },
    { metric: 'pass_pps', value: 800_000, events: whole },
  ]);
});

test('without a program of the user the empty one is the subject', () => {
  const figures = hookFigures({ nothing, empty });
  expect(figures.map(({ metric }) => metric)).toEqual(['hook_insns', 'drop_pps', 'pass_pps']);
});

test('a program against itself is 0', () => {
  const figures = hookFigures({ nothing: own, empty: own, own });
  expect(figures.slice(0, 3).map(({ value, events }) => [value, events?.mean])).toEqual(
    Array(3).fill([0, 0]),
  );
});

test('where other events get lost there is no difference, and no mean of some', () => {
  const figures = hookFigures({ nothing, empty, own: arm(events(1250, -1, -1)) });
  const counts = { count: 64, lost: 2 };
  const reason = 'other events get lost with it than without: 2 of 64 against 0 of 64';
  expect(figures.slice(1)).toEqual([
    { metric: 'hook_total_insns', events: counts, absent: { reason } },
    { metric: 'hook_program_insns', events: counts, absent: { reason } },
    { metric: 'drop_pps', events: counts, absent: { reason: '62 of 64 packets get through' } },
    { metric: 'pass_pps', events: counts, absent: { reason: '62 of 64 packets get through' } },
  ]);
});

test('the runs of a command are compared one by one, and a figure is of one of the events that each makes', () => {
  const runs = (...done: readonly number[]): HookArm => ({ unit: 'event', stream: { sent: done, done } });
  const [without, withIt] = [runs(5000, 7000, 5040, 7000), runs(6000, 8001, 6040, 7900)];
  expect(hookFigures({ nothing: without, empty: withIt, own: withIt }, 10)).toEqual([
    { metric: 'hook_insns', value: 100, events: { count: 40, lost: 0, mean: 97.525 } },
    { metric: 'hook_total_insns', value: 100, events: { count: 40, lost: 0, mean: 97.525 } },
    { metric: 'hook_program_insns', value: 0, events: { count: 40, lost: 0, mean: 0 } },
  ]);
});

test('what drops everything has a rate of its own', () => {
  const drops = arm({ sent: Array(64).fill(500), done: Array(64).fill(-1) });
  expect(hookFigures({ nothing, empty, own: drops }).at(-2)).toEqual({
    metric: 'drop_pps',
    value: 2_000_000,
    events: { count: 64, lost: 64 },
  });
  expect(hookFigures({ nothing: drops, empty: drops, own: drops })[0]!.absent).toEqual({
    reason: 'every event gets lost',
  });
});

test('round trips are told by rank, unless one gets lost', () => {
  const trips = (...odd: number[]) => arm(events(1250), events(2500, ...odd));
  const of = (own: HookArm) => hookFigures({ nothing, empty, own }).slice(-2);
  expect(of(trips(7000, 8000))).toEqual([
    { metric: 'rtt_p50_ns', value: 2500, events: whole },
    { metric: 'rtt_p99_ns', value: 8000, events: whole },
  ]);
  expect(of(trips(-1))[0]!.absent).toEqual({ reason: '1 of 64 round trips get lost' });
});

test('why an arm has no events is why its figures are absent', () => {
  const refused = { reason: "this kernel has no hook 'tcx'", since: '6.6' };
  const figures = hookFigures({ nothing: arm(refused), empty: arm(refused), own: arm(refused, refused) });
  expect(figures.map(({ absent }) => absent)).toEqual(Array(7).fill(refused));
});
