#!/usr/bin/env node
// Writes the tables of docs/hooks.md from what was measured, so that no figure there is typed:
//   node dist/cli.js measure --hooks --kernel debian:5.10 debian:6.1 debian:6.12 debian:7.2 --json hooks.json
//   node dist/cli.js measure --operations --kernel ... --json operations.json
//   node scripts/hook-tables.mjs hooks.json operations.json

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(fileURLToPath(import.meta.url)), '..');
const DOC = path.join(ROOT, 'docs/hooks.md');
/** What drops at the socket is what got there. */
const SOCKET = 'socket';
const EXITS = [SOCKET, 'sk_skb stream_verdict', 'tc ingress', 'tcx ingress', 'xdp generic', 'xdp native'];

/** Puts `text` between the marks of that name. */
export function put(document, name, text) {
  const [begin, end] = [`<!-- ${name}: made by scripts/hook-tables.mjs -->`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/hooks.md has no place for '${name}'`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}

const kernelOf = (target) => target.kernel.replace('debian:', '');
const number = (value) => (value === undefined ? '-' : value.toLocaleString('en-US'));

/** A row for each name, a column for each target; rows without any figure are left out. */
function grid(head, targets, rows) {
  const shown = rows
    .map(([name, cellOf]) => [name, ...targets.map((target) => cellOf(target))])
    .filter((cells) => cells.slice(1).some((cell) => cell !== '-'));
  const align = ['l', ...targets.map(() => 'r')];
  return markdownTable([[head, ...targets.map(kernelOf)], ...shown], { align });
}

/** All tables of a report, by the name of their place. */
export function tablesOf({ targets, measurements }) {
  const byKey = new Map(
    measurements
      .filter(({ object }) => object === 'hooks')
      .map((each) => [[each.target, each.program, each.input, each.metric].join('\0'), each]),
  );
  const figure = (target, program, input, metric) =>
    byKey.get([target.id, program, input, metric].join('\0'));
  const cell = (program, input, metric) => (target) => number(figure(target, program, input, metric)?.value);
  const rows = [...new Set([...byKey.values()].map(({ program, input }) => `${program}\0${input}`))].map(
    (key) => key.split('\0'),
  );
  const tableOf = (metric, wanted) =>
    grid(
      'attached',
      targets,
      rows
        .filter(([program, input]) => wanted(program, input))
        .map(([program, input]) => [`${program}, ${input}`, cell(program, input, metric)]),
    );
  const isNothing = (program) => program === '(nothing)';
  const change = (program) => (target) => {
    const [without, passes] = ['(nothing)', program].map(
      (each) => figure(target, each, 'tcp', 'pass_pps')?.value,
    );
    if (without === undefined || passes === undefined) return '-';
    const percent = ((100 * (passes - without)) / without).toFixed(1);
    return `${number(passes)} (${Number(percent) > 0 ? '+' : ''}${percent}%)`;
  };
  const drops = (place) =>
    place === SOCKET
      ? cell('(nothing)', 'udp:64', 'pass_pps')
      : cell(place, place.startsWith('sk_skb') ? 'tcp' : 'udp:64', 'drop_pps');
  return {
    'what was measured': targets
      .map(
        ({ kernel, release, version, qemu, cpu }) =>
          `- \`${kernel}\`: Linux ${release}, ${version}; QEMU ${qemu}, ${cpu}`,
      )
      .join('\n'),
    hook_insns: tableOf('hook_insns', (program) => !isNothing(program)),
    'what is absent': absencesOf(targets, measurements),
    drop_pps: tableOf('drop_pps', (program) => !isNothing(program)),
    pass_pps: tableOf('pass_pps', () => true),
    'dropping early': grid(
      'dropped at',
      targets,
      EXITS.map((place) => [place, drops(place)]),
    ),
    'what passing costs': grid(
      'passing',
      targets,
      EXITS.filter((place) => place !== SOCKET).map((place) => [place, cell(place, 'tcp', 'hook_insns')]),
    ),
    'what passes': grid(
      'passing',
      targets,
      EXITS.map((place) => [place, change(place === SOCKET ? '(nothing)' : place)]),
    ),
  };
}

function absencesOf(targets, measurements) {
  const lines = targets.flatMap((target) => {
    const reasons = new Map();
    for (const { program, metric, absent } of measurements.filter((each) => each.target === target.id)) {
      if (metric !== 'hook_insns' || !absent || program === '(nothing)') continue;
      const reason = absent.since === undefined ? absent.reason : `${absent.reason} (since ${absent.since})`;
      reasons.set(reason, [...(reasons.get(reason) ?? []), program]);
    }
    return [...reasons].map(
      ([reason, programs]) => `- ${kernelOf(target)}: ${[...new Set(programs)].join(', ')}: ${reason}`,
    );
  });
  return lines.join('\n');
}

/** What the operations of `kernels` are, a table for each. */
export function operationTables({ kernels }) {
  return kernels
    .map(({ target, hooks }) => {
      const names = hooks.find(({ insns }) => insns).insns.operations.map(({ operation }) => operation);
      const rows = hooks
        .filter(({ insns }) => insns)
        .map(({ hook, insns: { nothing, empty, operations } }) => [
          hook,
          number(empty - nothing),
          ...operations.map((each) => number(each.empty - each.nothing)),
        ]);
      const align = ['l', 'r', ...names.map(() => 'r')];
      return `${target.kernel}:\n\n${markdownTable([['attached', 'hook_insns', ...names], ...rows], { align })}`;
    })
    .join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [report, ...operations] = process.argv.slice(2);
  if (!report) {
    console.error('usage: node scripts/hook-tables.mjs HOOKS.json [OPERATIONS.json...]');
    process.exitCode = 2;
  } else {
    const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
    let document = readFileSync(DOC, 'utf8');
    for (const [name, text] of Object.entries(tablesOf(read(report)))) document = put(document, name, text);
    if (operations.length > 0) {
      const kernels = operations.flatMap((file) => read(file).kernels);
      document = put(document, 'operations', operationTables({ kernels }));
    }
    writeFileSync(DOC, document);
  }
}
