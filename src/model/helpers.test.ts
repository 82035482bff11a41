import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { helperName, TAIL_CALL } from './helpers.ts';

test('helpers have the names that libbpf has for them', () => {
  const header = readFileSync('/usr/include/bpf/bpf_helper_defs.h', 'utf8');
  const defined = [...header.matchAll(/\(\*(bpf_\w+)\)\([^;]*= \(void \*\) ?(\d+);/g)];
  expect(defined.length).toBeGreaterThan(190);
  expect(defined.filter(([, name, id]) => helperName(Number(id)) !== name)).toEqual([]);
  expect(helperName(TAIL_CALL)).toBe('bpf_tail_call');
});

test('a helper that no kernel has is said by its number', () => {
  expect([helperName(0), helperName(211), helperName(212)]).toEqual([
    'helper 0',
    'bpf_cgrp_storage_delete',
    'helper 212',
  ]);
});
