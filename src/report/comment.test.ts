import { expect, test } from 'vitest';
import { parseAcceptances } from '../model/accept.ts';
import type { Report, Verdict } from '../model/report.ts';
import { COMMENT_LIMIT_BYTES, renderComment } from './comment.ts';

function over(program: string, metric = 'run_insns'): Verdict {
  return {
    ...{ target: 'debian:6.1/exact', object: 'a.o', program, metric, unit: 'insns', base: 400, head: 440 },
    budget: { max: 420, text: 'max 420' },
    verdict: 'over',
    why: '20 above the maximum of 420',
  };
}

function reportOf(verdicts: readonly Verdict[], part: Partial<Report> = {}): Report {
  return {
    schema: 1,
    tool: { name: 'tollgate', version: '0.1.0' },
    verdict: 'over',
    notes: [],
    targets: [],
    measurements: [],
    verdicts: [...verdicts],
    ...part,
  };
}

test('the line that accepts a cost is one that is understood', () => {
  const message = `Verify checksums\n\n${trailerIn(renderComment(reportOf([over('xdp_lb')])))}`;
  expect(parseAcceptances([{ commit: '0123456', message }])).toEqual({
    accepted: [{ by: 'commit', commit: '0123456', metric: 'run_insns', program: 'xdp_lb', reason: 'REASON' }],
    faults: [],
  });
});

const trailerIn = (text: string) => /^Tollgate-Accept: .*$/m.exec(text)?.[0];
const commandIn = (text: string) => /^tollgate check.*$/m.exec(text)?.[0];

test('a comment on a regression names the budget file, the run and the report, and offers help', () => {
  const report = reportOf([over('xdp_lb')], {
    config: { file: 'net/tollgate.yml', kernels: ['debian:6.1'] },
    commits: { base: 'fedcba9876543210', head: '89abcdef01234567' },
  });
  const links = {
    run: 'https://github.com/o/r/actions/runs/1',
    report: 'https://github.com/o/r/artifacts/2',
  };
  expect(
    renderComment(report, { name: 'net/tollgate.yml', links }),
  ).toBe(`## ❌ Tollgate of \`net/tollgate.yml\`: Over budget: 1 finding, 1 budgeted figure on 0 kernels

1 over. Head 89abcde against base fedcba9.

### Failures

| Verdict | Kernel | Program | Metric | Base | Head | Change | Budget | Why |
| :- | :- | :- | :- | -: | -: | -: | :- | :- |
| over | \`debian:6.1/exact\` | \`xdp_lb\` | \`run_insns\` | 400 | 440 | +40 (+10.00%) | max 420 | 20 above the maximum of 420 |

<details>
<summary>Is this cost taken on purpose?</summary>

Put these lines at the end of a commit message of this pull request, with the reason, and push; or only those of the costs that are worth it. The rows are then shown as accepted, with that reason.

\`\`\`text
Tollgate-Accept: run_insns xdp_lb REASON
\`\`\`

</details>

<details>
<summary>How to see this on your machine</summary>

In a clone of this repository, on this branch with the base merged into it; \`tollgate\` is \`node dist/cli.js\` of a clone of Tollgate.

\`\`\`text
tollgate check --config net/tollgate.yml --base-ref fedcba9876543210
\`\`\`

</details>

<sub>Tollgate 0.1.0 · [run](<https://github.com/o/r/actions/runs/1>) · [whole report](<https://github.com/o/r/artifacts/2>)</sub>
`);
});

test.each<[string, Verdict[], string | undefined]>([
  ['the worst row', [over('a'), { ...over('b'), head: 900 }], 'Tollgate-Accept: run_insns b REASON'],
  [
    'a row whose name fits a trailer',
    [over('a b'), over('a\nb'), over('c')],
    'Tollgate-Accept: run_insns c REASON',
  ],
  [
    'a cost, not of what does not load',
    [over('a', 'load_ok'), over('b')],
    'Tollgate-Accept: run_insns b REASON',
  ],
  ['no row where none is over', [{ ...over('a'), verdict: 'pass' }], undefined],
  ['no row that is accepted already', [{ ...over('a'), accepted: { by: 'label', reason: 'x' } }], undefined],
  ['no row of a name that fits no line', [over('x'.repeat(300))], undefined],
])('the line that accepts a cost is of %s', (_, verdicts, line) => {
  expect(trailerIn(renderComment(reportOf(verdicts)))).toBe(line);
});

test.each<[Partial<Report>, string]>([
  [{}, 'tollgate check'],
  [{ config: { file: 'a b/t.yml', kernels: [] } }, "tollgate check --config 'a b/t.yml'"],
  [{ config: { file: "$(reboot)'`id`", kernels: [] } }, "tollgate check --config '$(reboot)'\\''`id`'"],
  [{ config: { file: '--base', kernels: [] } }, "tollgate check --config '--base'"],
  [{ commits: { base: '; reboot' } }, 'tollgate check'],
  [{ commits: { head: '0123456789' } }, 'tollgate check'],
])('with %j the command that repeats it is %s', (part, line) => {
  expect(commandIn(renderComment(reportOf([], part)))).toBe(line);
});

test('a comment leaves room for the marker by which it is found again', () => {
  const verdicts = Array.from({ length: 2000 }, (_, i) => over(`größe_${i}`));
  const text = renderComment(reportOf(verdicts));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536 - 256);
  expect(Buffer.byteLength(text)).toBeGreaterThan(COMMENT_LIMIT_BYTES - 1000);
  expect(text).toContain('of 2000 failures');
  expect(() => renderComment(reportOf(verdicts), { limitBytes: 100 })).toThrow(RangeError);
});
