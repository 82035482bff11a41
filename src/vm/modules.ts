// The kernel modules the guest loads, each after what it depends on.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { toolEnvironment } from '../kernels/index.ts';
import { TollgateError } from '../model/errors.ts';
import type { Tools } from '../model/tools.ts';

/** What measuring in place needs; a kernel that has one built in, or lacks it, simply has no such file. */
export const GUEST_MODULES = ['veth', 'sch_ingress', 'cls_bpf'] as const;

/** A module's path relative to the modules folder, as modules.dep has it. */
export interface ModuleFile {
  readonly path: string;
  readonly name: string;
}

/**
 * The files for `names`, dependencies first, from a modules.dep
 * (`kernel/a.ko: kernel/b.ko kernel/c.ko`, the nearest dependency first; man 5 modules.dep).
 */
export function modulesWithDependencies(modulesDep: string, names: readonly string[]): ModuleFile[] {
  const dependencies = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [path, rest] = line.split(':');
    if (path && rest !== undefined) dependencies.set(path, rest.split(' ').filter(Boolean));
  }
  const ordered: string[] = [];
  for (const name of names) {
    const path = [...dependencies.keys()].find((candidate) => moduleName(candidate) === name);
    if (!path) continue;
    for (const needed of [...(dependencies.get(path) ?? []).slice().reverse(), path])
      if (!ordered.includes(needed)) ordered.push(needed);
  }
  return ordered.map((path) => ({ path, name: moduleName(path) }));
}

/** 'kernel/net/sched/sch_ingress.ko.xz' -> 'sch_ingress'. */
function moduleName(path: string): string {
  return path
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/** Those of `names` that this kernel has, with what they need, dependencies first, as plain .ko bytes. */
export async function readModules(
  modulesPath: string,
  names: readonly string[],
  tools?: Tools,
): Promise<{ name: string; bytes: Uint8Array }[]> {
  const depPath = join(modulesPath, 'modules.dep');
  if (!existsSync(depPath)) return [];
  const files = modulesWithDependencies(readFileSync(depPath, 'utf8'), names);
  return await Promise.all(
    files.map(async ({ path, name }) => ({ name, bytes: await readModule(join(modulesPath, path), tools) })),
  );
}

/** Tools that unpack a compressed module, by its ending; older kernels cannot do it themselves. */
const UNPACKERS: Readonly<Record<string, { tool: string; arguments: readonly string[]; package: string }>> = {
  xz: { tool: 'xz', arguments: ['-dc'], package: 'xz-utils' },
  zst: { tool: 'zstd', arguments: ['-dc'], package: 'zstd' },
  gz: { tool: 'gzip', arguments: ['-dc'], package: 'gzip' },
};

const MODULE_CAP_BYTES = 64 << 20;

async function readModule(path: string, tools: Tools | undefined): Promise<Uint8Array> {
  const unpacker = UNPACKERS[path.replace(/^.*\.ko\.?/, '')];
  if (!unpacker) return readFileSync(path);
  const { tool, arguments: args } = unpacker;
  const result = await execa(tool, [...args, path], {
    encoding: 'buffer',
    maxBuffer: MODULE_CAP_BYTES,
    reject: false,
    env: toolEnvironment(tools),
  });
  if (result.failed)
    throw new TollgateError(
      'infrastructure',
      `Cannot unpack module '${path}' with ${tool}: ${result.shortMessage}`,
      {
        hint: `apt-get install ${unpacker.package}`,
        cause: result,
      },
    );
  return result.stdout;
}
