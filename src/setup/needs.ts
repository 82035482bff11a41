// What a machine has to have before Tollgate can measure on it, and which of that is missing. For shells
// scripts/setup.sh has the same list.

import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LIBRARY_FOLDERS } from '../model/tools.ts';

/** A program, or a shared library by its soname. */
export interface Need {
  readonly kind: 'command' | 'library';
  readonly name: string;
  /** The package in Debian and Ubuntu. */
  readonly package: string;
  readonly why: string;
}

export const NEEDS = [
  command('qemu-system-x86_64', 'qemu-system-x86', 'boots the kernels (the x86 system emulator alone)'),
  library('libbpf.so.1', 'libbpf1', 'loads the eBPF objects, in the guest'),
  command('iperf3', 'iperf3', 'makes network load'),
  command('gpgv', 'gpgv', "verifies the signature on Debian's archive"),
  command('xz', 'xz-utils', "unpacks the archive's indices and kernels"),
  command('lz4', 'lz4', 'unpacks kernels'),
  command('zstd', 'zstd', 'unpacks kernels'),
  command('depmod', 'kmod', 'finds what a kernel module depends on'),
  command('dpkg-deb', 'dpkg', 'unpacks kernel packages'),
  command('setpriv', 'util-linux', 'ends QEMU with the process that started it'),
] as const satisfies readonly Need[];

/** Where a machine keeps programs and libraries. */
export interface MachinePaths {
  readonly commands: readonly string[];
  readonly libraries: readonly string[];
}

/**
 * The machine's, with PATH as it is. depmod lies where an ordinary user's PATH does not look; a library counts where
 * building the guest's file system finds it.
 */
export function machinePaths(path: string | undefined): MachinePaths {
  const commands = [...(path ?? '').split(delimiter).filter(Boolean), '/usr/sbin', '/sbin'];
  return { commands: [...new Set(commands)], libraries: LIBRARY_FOLDERS };
}

/** What none of the folders has, in the order of NEEDS. */
export async function missingNeeds(machine: MachinePaths): Promise<readonly Need[]> {
  const found = await Promise.all(
    NEEDS.map(({ kind, name }) =>
      kind === 'command'
        ? isIn(machine.commands, name, constants.X_OK)
        : isIn(machine.libraries, name, constants.R_OK),
    ),
  );
  return NEEDS.filter((_, i) => !found[i]);
}

async function isIn(folders: readonly string[], name: string, mode: number): Promise<boolean> {
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, name), mode).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

function command<const Name extends string>(name: Name, aptPackage: string, why: string) {
  return { kind: 'command', name, package: aptPackage, why } as const;
}

function library<const Name extends string>(name: Name, aptPackage: string, why: string) {
  return { kind: 'library', name, package: aptPackage, why } as const;
}
