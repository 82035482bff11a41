// Reports of any size, with any names: what a run, or a fork, may upload.

import type { Report, Verdict } from '../../model/report.ts';

/** `over` rows that are over their budget and `pass` rows that are not, of `programs` in turn. */
export function reportOfManyRows(options: {
  readonly over: number;
  readonly pass: number;
  readonly programs?: readonly string[];
}): Report {
  const { over, pass, programs = ['xdp_lb'] } = options;
  const row = (i: number): Verdict => {
    const isOver = i < over;
    const program = programs[i % programs.length]!;
    return {
      target: 'debian:6.12/exact',
      object: 'build/lb.bpf.o',
      program: i < programs.length ? program : `${program} ${i}`,
      metric: 'run_insns',
      unit: 'insns',
      base: 420,
      head: isOver ? 421 + i : 420,
      change: isOver ? 1 + i : 0,
      budget: { increase: 0, text: 'increase 0', file: 'tollgate.yml', line: 3 },
      verdict: isOver ? 'over' : 'pass',
      why: `run_insns of ${program} is ${isOver ? 421 + i : 420}: ${isOver ? 'above' : 'within'} the allowed increase of 0`,
    };
  };
  return {
    schema: 1,
    tool: { name: 'tollgate', version: '0.1.0' },
    verdict: over > 0 ? 'over' : 'pass',
    notes: [],
    config: { file: 'tollgate.yml', kernels: ['debian:6.12'] },
    targets: [
      {
        id: 'debian:6.12/exact',
        kernel: 'debian:6.12',
        arch: 'x86_64',
        mode: 'exact',
        accelerator: 'tcg',
        status: 'ok',
        seconds: { boot: 0, load: 0, measure: 0 },
      },
    ],
    measurements: [],
    verdicts: Array.from({ length: over + pass }, (_, i) => row(i)),
  };
}
