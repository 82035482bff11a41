#!/usr/bin/env node
// What the sample project's regressions do to network load, beside what they do to a single run of the program: a table for
// docs/networking-cpu.md, where `--write` puts it.
//   node scripts/load-heads.mjs [--kernel debian:6.12 ...] [--write]

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { DOC, put, table } from './load-tables.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const HEADS = ['unchanged', 'plus-1-insn', 'plus-10-insns', 'tail-call-indirect'];
const LOADS = [
  { name: 'tcp', iperf3: { protocol: 'tcp' }, input: { tcp: 1514 } },
  { name: 'udp', iperf3: { protocol: 'udp', length: 1400 }, input: { udp: 1442 } },
];

/** All heads share a budget file; xdp_lb is handed packets of no service, as iperf3's are. */
function configOf(kernels) {
  return {
    version: 1,
    kernels,
    objects: ['build/lb.bpf.o'],
    programs: {
      xdp_lb: {
        inputs: LOADS.map(({ input }) => input),
        attach: { hook: 'xdp', mode: 'native' },
        tail_calls: { jump_table: { 0: 'lb_v4', 1: 'lb_v6', 2: 'lb_encap' } },
      },
    },
    load: LOADS.map(({ iperf3 }) => ({ iperf3, attach: ['xdp_lb'] })),
  };
}

async function checkHead(head, kernels, work) {
  const folder = join(work, head);
  await execa('mkdir', [folder]);
  symlinkSync(join(root, 'fixtures/lb/built', head, 'build'), join(folder, 'build'));
  writeFileSync(join(folder, 'tollgate.yml'), JSON.stringify(configOf(kernels)));
  const report = join(folder, 'report.json');
  const { exitCode, stderr } = await execa(
    process.execPath,
    [
      ...[join(root, 'dist/cli.js'), 'check', '--quiet', '--config', join(folder, 'tollgate.yml')],
      ...['--base', join(root, 'fixtures/lb/built/base'), '--json', report],
    ],
    { reject: false },
  );
  if (exitCode !== 0) throw new Error(`${head}: exit code ${exitCode}: ${stderr}`);
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** Base's figure, and head's less it. */
function moved({ measurements }, target, program, metric, ofInput) {
  const [base, head] = ['base', 'head'].map(
    (side) =>
      measurements.find(
        (each) =>
          each.target === target &&
          each.side === side &&
          each.program === program &&
          each.metric === metric &&
          ofInput(each.input),
      )?.value,
  );
  if (base === undefined || head === undefined) throw new Error(`no ${metric} of ${program} on ${target}`);
  return { base, change: head - base };
}

function rowsOf(head, report) {
  return report.targets.flatMap((target) =>
    LOADS.map(({ name, input }) => {
      const [[kind, size]] = Object.entries(input);
      const run = moved(report, target.id, 'xdp_lb', 'run_insns', (each) => each === `${kind}:${size}`);
      const ofLoad = (metric) => moved(report, target.id, 'load', metric, (each) => each.startsWith(name));
      const [packet, byte] = [ofLoad('insns_per_packet'), ofLoad('insns_per_byte')];
      return [
        ...[target.kernel, head, name],
        signed(run.change),
        signed(packet.change, 2),
        ...[packet, byte].map(({ base, change }) => `${signed((100 * change) / base, 2)}%`),
      ];
    }),
  );
}

function signed(value, decimals = 0) {
  const text = value.toFixed(decimals);
  return Number(text) > 0 ? `+${text}` : Number(text) === 0 ? '0' : text;
}

const { values: flags } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true, default: ['debian:5.10', 'debian:6.12'] },
    write: { type: 'boolean', default: false },
  },
});
const work = mkdtempSync(join(tmpdir(), 'tollgate-heads-'));
try {
  const rows = [];
  for (const head of HEADS) rows.push(...rowsOf(head, await checkHead(head, flags.kernel, work)));
  const columns = ['kernel', 'head', 'load', 'run_insns', 'insns_per_packet', 'of it', 'of insns_per_byte'];
  const text = table(columns, rows, 3);
  if (flags.write) writeFileSync(DOC, put(readFileSync(DOC, 'utf8'), 'heads', text));
  console.log(text);
} finally {
  rmSync(work, { recursive: true, force: true });
}
