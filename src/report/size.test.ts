import { expect, test } from 'vitest';
import { TollgateError, TollgateErrors } from '../model/errors.ts';
import type { Report, Target, Verdict } from '../model/report.ts';
import { faultOf, renderFault } from './fault.ts';
import { renderMarkdown } from './markdown.ts';

/** Names as they may come: of two, three and four bytes a character, of markup, and far too long. */
const NAMES = [
  'xdp_lb',
  'größe',
  '負荷分散',
  '🦀🦀',
  '| `x` |',
  '</details>',
  'n'.repeat(3000),
  '🦀'.repeat(500),
];
const VERDICTS = ['pass', 'over', 'improved', 'unmeasured', 'pass', 'pass'] as const;

function row(i: number): Verdict {
  const isRejected = i % 60 === 1;
  const name = NAMES[i % NAMES.length]!;
  const verdict = VERDICTS[i % VERDICTS.length]!;
  return {
    target: 'debian:6.1/exact',
    object: 'build/lb.bpf.o',
    program: `${name} ${i}`,
    input: name,
    metric: isRejected ? 'load_ok' : 'run_insns',
    unit: isRejected ? 'bool' : 'insns',
    base: 400,
    head: isRejected ? 0 : 400 + i,
    change: verdict === 'pass' && i % 4 > 0 ? 0 : i,
    budget: { max: 400, text: 'max 400', file: 'tollgate.yml', line: 3 },
    verdict,
    ...(i % 7 === 0
      ? { accepted: { by: 'commit', reason: `${name} is worth it`, commit: '0123456789' } }
      : {}),
    why: `run_insns of ${name} ${i} on debian:6.1 is ${400 + i}: ${i} above the maximum of 400`,
  };
}

function reportOf(rowCount: number): Report {
  const verdicts = Array.from({ length: rowCount }, (_, i) => row(i));
  const targets: Target[] = NAMES.map((name) => ({
    id: `${name}/exact`,
    kernel: name,
    arch: 'x86_64',
    mode: 'exact',
    accelerator: 'tcg',
    status: 'ok',
    seconds: { boot: 0, load: 0, measure: 0 },
  }));
  return {
    schema: 1,
    tool: { name: 'tollgate', version: '0.1.0' },
    verdict: 'over',
    notes: NAMES,
    commits: { head: '0123456789abcdef', base: '🦀'.repeat(100) },
    budgetChanges: NAMES.map((name, i) => ({
      change: i % 2 === 0 ? 'loosened' : 'tightened',
      subject: name,
      base: name,
    })),
    targets,
    measurements: verdicts
      .filter(({ metric }) => metric === 'load_ok')
      .map(({ target, object, program, metric, unit }) => ({
        ...{ target, object, program, metric, unit, side: 'head' as const, value: 0 },
        log: `${`R1 type=ctx ${program.slice(0, 40)}\n\`\`\`\n`.repeat(40)}invalid access`,
      })),
    verdicts,
  };
}

/** Nothing is cut in the middle: of a character, a table, a fence or what is folded. */
function faultsOfForm(text: string): string[] {
  const faults = [];
  if (Buffer.from(text).toString() !== text) faults.push('half a character');
  if (!text.endsWith('\n')) faults.push('no line break at the end');
  const outside = text.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, 'log');
  if (/^```/m.test(outside)) faults.push('an open fence');
  const opened = outside.match(/^<details>$/gm) ?? [];
  const closed = outside.match(/^<\/details>$/gm) ?? [];
  if (opened.length !== closed.length) faults.push('an open fold');
  for (const table of outside.split('\n\n').filter((block) => block.startsWith('|'))) {
    const widths = table.split('\n').map((line) => line.replace(/`[^`]*`/g, '').split('|').length);
    if (new Set(widths).size !== 1) faults.push(`a table with rows of ${[...new Set(widths)].join(', ')}`);
    if (!/^[|: -]+$/.test(table.split('\n')[1] ?? '')) faults.push('a table without its second line');
  }
  return faults;
}

const BIG = reportOf(6000);
const SMALL = reportOf(40);

test('the big report of these tests is at least 5 MB', () => {
  expect(Buffer.byteLength(JSON.stringify(BIG))).toBeGreaterThan(5e6);
});

test.each([8192, 8193, 9001, 12_345, 30_000, 65_279, 65_280, 100_001, 262_144, 1_048_575])(
  'a report of any size is whole in form within %d bytes, and says what is left out',
  (limitBytes) => {
    for (const report of [BIG, SMALL]) {
      const text = renderMarkdown(report, { limitBytes });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limitBytes);
      expect(faultsOfForm(text)).toEqual([]);
      const whole = renderMarkdown(report);
      expect(text.includes('Left out to keep this short')).toBe(text !== whole);
      expect(text).toMatch(/^## ❌ Tollgate: Over budget: /);
    }
  },
);

test('every limit from the size of the whole down to the smallest is kept', () => {
  const whole = Buffer.byteLength(renderMarkdown(SMALL));
  for (let limitBytes = 8192; limitBytes <= whole + 100; limitBytes += 331) {
    const text = renderMarkdown(SMALL, { limitBytes });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limitBytes);
    expect(faultsOfForm(text)).toEqual([]);
  }
});

test('rows within budget give way first, failures last and the least of them first', () => {
  const full = renderMarkdown(SMALL);
  const sectionsIn = (text: string) =>
    [...text.matchAll(/^(?:### |<summary>)(Failures|Changed|Not checked|Within budget|log)/gm)].map(
      (match) => match[1],
    );
  expect(new Set(sectionsIn(full))).toEqual(
    new Set(['Failures', 'log', 'Changed', 'Not checked', 'Within budget']),
  );
  const bytes = Buffer.byteLength(full);
  expect(sectionsIn(renderMarkdown(SMALL, { limitBytes: bytes - 1 }))).toContain('Within budget');
  const short = renderMarkdown(SMALL, { limitBytes: 8192 });
  expect(sectionsIn(short)).toEqual(['Failures']);
  // The program that does not load is the worst, whatever the figures of the others.
  const [first, second] = short
    .split('\n')
    .filter((line) => line.startsWith('| over'))
    .map((line) => / (\d+)(?:<\/code>|`) \|/.exec(line)?.[1]);
  expect({ first, second }).toEqual({ first: '1', second: '37' });
  expect(renderMarkdown(BIG, { limitBytes: 8192 })).toMatch(/^\| over .*\n\nand \d{3} more rows$/m);
});

test.each(['|', '🦀', '@a', '<', '&', '_ ', '\u202e', '`'])(
  'a report of nothing but %j without end is within the smallest limit',
  (each) => {
    const hostile = each.repeat(3000);
    const { targets, verdicts } = SMALL;
    const report: Report = {
      ...SMALL,
      tool: { name: 'tollgate', version: hostile },
      commits: { base: hostile, head: hostile },
      targets: targets.map((target, i) => ({
        ...target,
        id: `${hostile}${i}`,
        kernel: hostile,
        status: 'failed',
        error: { reason: hostile, message: hostile, tail: hostile },
      })),
      verdicts: verdicts.map((row) => ({
        ...row,
        ...{
          target: hostile,
          object: hostile,
          program: hostile,
          input: hostile,
          metric: hostile,
          why: hostile,
        },
        verdict: 'failed',
      })),
      notes: [hostile],
    };
    for (const verdict of ['over', 'failed', 'pass'] as const) {
      const text = renderMarkdown({ ...report, verdict }, { limitBytes: 8192, name: hostile });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(8192);
      expect(faultsOfForm(text)).toEqual([]);
    }
  },
);

test('what is left out is linked to, where there is a place for it', () => {
  const links = { report: 'https://github.com/o/r/actions/runs/1?a=(b)> x' };
  const text = renderMarkdown(BIG, { limitBytes: 20_000, links });
  expect(text).toMatch(
    / rows within budget, .* \[The whole report\]\(<https:\/\/github\.com\/o\/r\/actions\/runs\/1\?a=\(b\)%3E%20x>\) has them\.\n$/,
  );
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
});

test('a report of 5 MB is rendered twice within two seconds', () => {
  const start = performance.now();
  renderMarkdown(BIG, { limitBytes: 65_280 });
  renderMarkdown(BIG, { limitBytes: 1_048_575 });
  expect(performance.now() - start).toBeLessThan(2000);
});

test('errors without number and end are within the limit, too', () => {
  const errors = Array.from(
    { length: 2000 },
    (_, i) =>
      new TollgateError('config', `${NAMES[i % NAMES.length]} is wrong`, {
        place: { file: NAMES[i % NAMES.length]!, line: i + 1, column: 1 },
        hint: NAMES[i % NAMES.length]!,
        tail: 'x\n```\n'.repeat(i),
      }),
  );
  for (const limitBytes of [8192, 65_280]) {
    const text = renderFault(faultOf(new TollgateErrors(errors)), { limitBytes });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limitBytes);
    expect(faultsOfForm(text)).toEqual([]);
    expect(text).toContain('of 2000 errors');
  }
});
