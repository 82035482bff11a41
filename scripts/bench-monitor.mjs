// What the monitor in the guest costs the load that it looks at: processor time while iperf3 sends, attached against not,
// with counters alone and with stacks sampled at several rates, over loads of several sizes.
//   node scripts/bench-monitor.mjs [--kernel debian:6.12 ...] [--hook 'xdp native'] [--bytes 16M ...] [--json FILE]
// Each figure is the middle of the sizes' ratios, with the least and the most of them: a repeated run has no spread.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { markdownTable } from 'markdown-table';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const RATES_HZ = [0, 99, 999, 4999];
const { values: flags } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true, default: ['debian:6.12'] },
    hook: { type: 'string', default: 'xdp native' },
    bytes: { type: 'string', multiple: true, default: ['16M', '24M', '32M', '48M', '64M'] },
    json: { type: 'string' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
try {
  const found = [];
  for (const hz of RATES_HZ) {
    const file = join(folder, `${hz}.json`);
    await execa(process.execPath, [
      ...[cli, 'load', '--quiet', '--json', file, '--sample-hz', String(hz), '--hook', flags.hook],
      ...flags.kernel.flatMap((kernel) => ['--kernel', kernel]),
      ...flags.bytes.flatMap((bytes) => ['--bytes', bytes]),
    ]);
    for (const { target, arm, figures } of JSON.parse(readFileSync(file, 'utf8')).loads) {
      if ('reason' in figures) throw new Error(`${target.kernel}, ${arm}: ${figures.reason}`);
      const { slowdown, samples } = figures;
      found.push({ kernel: target.kernel, arm, hz, slowdown, samples });
    }
  }
  const rows = flags.kernel.flatMap((kernel) =>
    ['nothing', flags.hook].map((arm) => [
      ...[kernel, arm],
      ...RATES_HZ.map((hz) => {
        const of = (each) => each.kernel === kernel && each.arm === arm && each.hz === hz;
        const ratios = found
          .filter(of)
          .map(({ slowdown }) => slowdown)
          .sort((a, b) => a - b);
        const show = (value) => value.toFixed(3);
        return `${show(ratios[(ratios.length - 1) >> 1])} (${show(ratios[0])} to ${show(ratios.at(-1))})`;
      }),
    ]),
  );
  const header = ['kernel', 'attached', 'counters alone', ...RATES_HZ.slice(1).map((hz) => `and ${hz} Hz`)];
  console.log(markdownTable([header, ...rows], { alignDelimiters: false }));
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(found, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
