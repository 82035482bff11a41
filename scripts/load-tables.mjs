#!/usr/bin/env node
// Writes the tables and the picture of docs/networking-cpu.md from what was measured, so that no figure there is typed:
//   node dist/cli.js load --kernel debian:5.10 --kernel debian:6.1 --kernel debian:6.12 --kernel debian:newest --json loads.json
//   node dist/cli.js load --kernel ... --hook 'xdp native' --hook 'tc ingress' --bytes 4M 8M ... --json sizes.json
//   node scripts/load-tables.mjs loads.json [sizes.json]

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(fileURLToPath(import.meta.url)), '..');
export const DOC = path.join(ROOT, 'docs/networking-cpu.md');

const SIGNS = { rx_softirq: '█', tx_softirq: '▒', sock_send: '▓', sock_recv: '░' };
const EVENTS = Object.keys(SIGNS);
const CHART_WIDTH = 60;
const PARTS_SHOWN = 12;

/** Puts `text` between the marks of that name. */
export function put(document, name, text) {
  const begin = new RegExp(`<!-- ${name}: made by scripts/[a-z-]+\\.mjs -->`).exec(document);
  const to = document.indexOf(`<!-- end of ${name} -->`);
  if (!begin || to < begin.index) throw new Error(`docs/networking-cpu.md has no place for '${name}'`);
  return `${document.slice(0, begin.index + begin[0].length)}\n\n${text}\n\n${document.slice(to)}`;
}

/** What `load --json` has written of one load on each kernel, by the name of its place. Throws where an arm has no figures. */
export function tablesOf({ costs }) {
  const arms = armsOf(costs);
  return {
    'what was measured': costs.map(({ target }) => targetLine(target)).join('\n'),
    figures: figuresTable(arms),
    picture: `\`\`\`\n${chart(arms)}\n\`\`\``,
    parts: costs.map(partsTable).join('\n\n'),
  };
}

/** The same of several sizes: each figure with how far it is from that of the largest. */
export function sizesTable({ costs }) {
  const arms = armsOf(costs);
  const names = [...new Set(arms.map(({ arm }) => arm))];
  const most = Math.max(...costs.map(({ load }) => load.run.bytes));
  const figure = (kernel, bytes, arm) => {
    const found = arms.find((each) => each.kernel === kernel && each.bytes === bytes && each.arm === arm);
    if (!found) throw new Error(`no figures of '${arm}' on ${kernel} with ${bytes} bytes`);
    return found;
  };
  const rows = costs.map(({ target: { kernel }, load: { run } }) => [
    kernel,
    sizeText(run.bytes),
    ...names.flatMap((arm) => {
      const [here, there] = [run.bytes, most].map((bytes) => figure(kernel, bytes, arm));
      const cell = (text, metric) =>
        run.bytes === most ? text : `${text} (${percentText(here[metric] / there[metric] - 1)})`;
      return [
        cell(here.insns_per_byte.toFixed(3), 'insns_per_byte'),
        cell(String(Math.round(here.insns_per_packet)), 'insns_per_packet'),
      ];
    }),
  ]);
  const head = names.flatMap((name) => [`${name}: insns_per_byte`, 'insns_per_packet']);
  return table(['kernel', 'longer run sends', ...head], rows, 2);
}

/** Every arm's figures, with what they are of. */
function armsOf(costs) {
  return costs.flatMap(({ target, load, arms }) => {
    if (target.status !== 'ok') throw new Error(`${target.kernel} failed: ${target.error?.message}`);
    return arms.flatMap(({ arm, figures }) =>
      'reason' in figures
        ? []
        : [{ ...figures, kernel: target.kernel, bytes: load.run.bytes, sent: figures.bytes, arm }],
    );
  });
}

function figuresTable(arms) {
  const head = [...EVENTS.map((event) => `${event} %`), 'insns_per_packet', 'insns_per_byte'];
  return table(
    ['kernel', 'attached', ...head, 'bytes a packet', 'Mbit/s', 'lost'],
    arms.map((each) => [
      each.kernel,
      each.arm,
      ...EVENTS.map((event) => each.net_cpu[event].toFixed(1)),
      String(Math.round(each.insns_per_packet)),
      each.insns_per_byte.toFixed(3),
      String(Math.round(each.sent / each.packets)),
      String(Math.round(each.throughput_bps / 1e6)),
      String(each.lost),
    ]),
    2,
  );
}

/** For each kernel and arm a bar of instructions a byte, by event. */
function chart(arms) {
  const most = Math.max(...arms.map(({ insns_per_byte }) => insns_per_byte));
  const width = Math.max(...arms.map(({ arm }) => arm.length));
  const kernels = [...new Set(arms.map(({ kernel }) => kernel))];
  const bar = ({ insns_per_byte, net_cpu }) => {
    const all = EVENTS.reduce((sum, event) => sum + net_cpu[event], 0);
    let [drawn, at] = ['', 0];
    for (const event of EVENTS) {
      at += ((net_cpu[event] / all) * insns_per_byte * CHART_WIDTH) / most;
      drawn += SIGNS[event].repeat(Math.round(at) - drawn.length);
    }
    return drawn;
  };
  return [
    Object.entries(SIGNS)
      .map(([event, sign]) => `${sign} ${event}`)
      .join('  '),
    ...kernels.flatMap((kernel) => [
      '',
      `${kernel}, instructions a byte`,
      ...arms
        .filter((each) => each.kernel === kernel)
        .map((each) => `  ${each.arm.padEnd(width)} ${each.insns_per_byte.toFixed(3)} ${bar(each)}`),
    ]),
  ].join('\n');
}

/** Instructions for 1,000 bytes, by part; the dearest of any arm first. */
function partsTable({ target, arms }) {
  const told = arms.filter(({ figures }) => !('reason' in figures));
  const dearest = new Map();
  for (const { figures } of told)
    for (const { part, insnsPerByte } of figures.parts)
      dearest.set(part, Math.max(insnsPerByte, dearest.get(part) ?? 0));
  const parts = [...dearest].sort(([, a], [, b]) => b - a).slice(0, PARTS_SHOWN);
  const cell = (part, { figures }) => {
    const found = figures.parts.find((each) => each.part === part);
    return found === undefined ? '-' : (1000 * found.insnsPerByte).toFixed(1);
  };
  return table(
    [target.kernel, ...told.map(({ arm }) => arm)],
    parts.map(([part]) => [part, ...told.map((arm) => cell(part, arm))]),
    1,
  );
}

/** `names`: how many columns from the left are text. */
export function table(head, rows, names) {
  const align = head.map((_, i) => (i < names ? 'l' : 'r'));
  return markdownTable([head, ...rows], { align, alignDelimiters: false });
}

function targetLine({ kernel, release, version, qemu, cpu }) {
  return `- \`${kernel}\`: Linux ${release}, ${version}; QEMU ${qemu}, ${cpu}`;
}

function sizeText(bytes) {
  return `${Math.round((10 * bytes) / (1 << 20)) / 10} MiB`;
}

function percentText(share) {
  const text = (100 * share).toFixed(2);
  return Number(text) === 0 ? '0.00%' : `${Number(text) > 0 ? '+' : ''}${text}%`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [loads, sizes] = process.argv.slice(2);
  if (!loads) {
    console.error('usage: node scripts/load-tables.mjs LOADS.json [SIZES.json]');
    process.exitCode = 2;
  } else {
    const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
    let document = readFileSync(DOC, 'utf8');
    for (const [name, text] of Object.entries(tablesOf(read(loads)))) document = put(document, name, text);
    if (sizes) document = put(document, 'sizes', sizesTable(read(sizes)));
    writeFileSync(DOC, document);
  }
}
