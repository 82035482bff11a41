// Runs a job with another witness of what the guest executes: QEMU's own log of the code it translates, and a plugin
// that counts every instruction. Neither is part of what Tollgate measures with, so they can prove it.

import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { GuestRecord } from '../../model/records.ts';
import { findQemu } from '../../vm/qemu.ts';
import { openSession } from '../../vm/session.ts';
import { sessionOptions } from '../../vm/testing/real.ts';
import { labOptions, ROOT } from './lab.ts';

/**
 * Runs a job from the very saved state that untraced jobs start from, in a QEMU with `extra` arguments: the wrapper
 * stands in for its binary, whose digest names the state.
 */
export async function runWith(
  reference: string,
  job: Uint8Array,
  extra: readonly string[],
  folder: string,
): Promise<readonly GuestRecord[]> {
  const options = await sessionOptions(reference, labOptions().cacheDir);
  const { machine } = options;
  const { qemu } = machine;
  await mkdir(folder, { recursive: true });
  const wrapper = join(folder, 'qemu');
  const quoted = [qemu.path, ...extra].map((text) => `'${text}'`).join(' ');
  await writeFile(wrapper, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  await chmod(wrapper, 0o700);
  const session = await openSession({
    ...options,
    machine: { ...machine, qemu: { ...qemu, path: wrapper } },
  });
  return (await session.run(job)).records;
}

/** The plugin for this QEMU: the interface's version that it loads. */
export async function buildPlugin(folder: string): Promise<string> {
  const { path } = await findQemu(labOptions());
  for (const api of [1, 4]) {
    const plugin = join(folder, `profile-${api}.so`);
    const source = join(ROOT, 'native/profile.c');
    await execa('gcc', ['-O2', '-shared', '-fPIC', `-DAPI=${api}`, source, '-o', plugin]);
    const { exitCode, timedOut } = await execa(
      path,
      ['-M', 'none', '-display', 'none', '-plugin', `file=${plugin},out=${join(folder, 'none')}`],
      { reject: false, timeout: 1500 },
    );
    if (timedOut || exitCode === 0) return plugin;
  }
  throw new Error(`${path} loads the plugin with neither interface`);
}

/** What the plugin has written: executions by address, one table for each time a marked address was reached. */
export async function readCounts(out: string): Promise<ReadonlyMap<bigint, number>[]> {
  const [folder, name] = [join(out, '..'), out.slice(out.lastIndexOf('/') + 1)];
  const files = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`));
  const numbers = files.map((file) => Number(file.slice(name.length + 1))).sort((a, b) => a - b);
  return await Promise.all(
    numbers.map(async (number) => {
      const lines = (await readFile(`${out}.${number}`, 'utf8')).split('\n');
      const pairs = lines
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.split(' '));
      return new Map(pairs.map(([address, count]) => [BigInt(`0x${address}`), Number(count)]));
    }),
  );
}

export interface Instruction {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Where the kernel puts modules and eBPF's machine code. */
export const CODE_RANGE = '0xffffffffc0000000+0x3f000000';

/** The blocks of code in QEMU's log ('-d in_asm'), in the order they were first executed. */
export function readBlocks(log: string): Instruction[][] {
  return log
    .split(/^IN:.*$/m)
    .slice(1)
    .map((block) =>
      [...block.matchAll(/^(0x[0-9a-f]+): {2}((?:[0-9a-f]{2} )+)/gm)].map(([, address, bytes]) => ({
        address: BigInt(address!),
        bytes: Buffer.from(bytes!.replaceAll(' ', ''), 'hex'),
      })),
    )
    .filter((block) => block.length > 0);
}

/** How many instructions binutils' disassembler finds in machine code. */
export async function countWithObjdump(code: Uint8Array, folder: string): Promise<number> {
  const file = join(folder, 'code.bin');
  await writeFile(file, code);
  const { stdout } = await execa('objdump', ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-w', file]);
  return [...stdout.matchAll(/^ +[0-9a-f]+:\t/gm)].length;
}
