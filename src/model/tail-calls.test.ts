import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseObject } from './elf.ts';
import { findTailCalls, slotsInObject } from './tail-calls.ts';

const read = (path: string) => {
  const bytes = readFileSync(new URL(`../../fixtures/${path}`, import.meta.url));
  return { bytes, spec: parseObject(bytes, path) };
};

const sitesOf = (path: string) => {
  const { bytes, spec } = read(path);
  return findTailCalls(bytes, spec).map(({ code, insn, maps, slots }) => [
    `${code.name}:${code.ownLineAt(insn)?.line}`,
    maps,
    slots,
  ]);
};

describe('tail-call sites', () => {
  test('are found with the maps and slots that their code names, all of them where paths differ', () => {
    expect(sitesOf('tricky/built/tail_calls.bpf.o')).toEqual([
      ['called:110', ['targets'], [1]],
      ['forever:90', ['targets'], [2]],
      ['direct:43', ['targets'], [0]],
      ['computed:52', ['targets'], undefined],
      ['slot_by_path:59', ['targets'], [0, 1]],
      ['map_by_path:66', ['targets', 'spare'], [0]],
      ['empty_slots:74', ['targets'], [3]],
      ['empty_slots:77', ['targets'], undefined],
      ['empty_slots:77', ['targets'], [1]],
      ['beyond:85', ['targets'], undefined],
      ['after_call:105', ['targets'], [1]],
    ]);
  });

  test('tell a slot that is chosen before the call from two calls', () => {
    expect(sitesOf('lb/built/base/build/lb.bpf.o').slice(0, 2)).toEqual([
      ['xdp_lb:161', ['jump_table'], [0]],
      ['xdp_lb:161', ['jump_table'], [1]],
    ]);
    expect(sitesOf('lb/built/tail-call-indirect/build/lb.bpf.o')[0]).toEqual([
      'xdp_lb:167',
      ['jump_table'],
      [0, 1],
    ]);
  });

  test('are none in an object without tail calls', () => {
    expect(sitesOf('tricky/built/count.bpf.o')).toEqual([]);
  });
});

test('what an object puts into its own slots is read from its relocations', () => {
  const { bytes, spec } = read('tricky/built/tail_calls.bpf.o');
  expect(slotsInObject(bytes, spec)).toEqual(
    new Map([
      [
        'targets',
        new Map([
          [0, 'leaf'],
          [1, 'other_leaf'],
          [2, 'forever'],
        ]),
      ],
      ['spare', new Map([[0, 'leaf']])],
    ]),
  );
});
