// Which distribution this is: the binaries of one release do for another only by luck.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export interface MachineId {
  /** As 'ubuntu' or 'debian'. */
  readonly distribution: string;
  /** As '24.04'; the codename where a release has no number yet. */
  readonly release: string;
  /** As Node names it: 'x64'. */
  readonly arch: string;
}

/** Reads /etc/os-release, or another file of its form (os-release(5)). A machine without one is 'unknown'. */
export async function machineId(file = '/etc/os-release'): Promise<MachineId> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1];
  return {
    distribution: field('ID') ?? 'unknown',
    release: field('VERSION_ID') ?? field('VERSION_CODENAME') ?? 'unknown',
    arch: process.arch,
  };
}

/** sha256 in hexadecimal. */
export const digestOfText = (text: string) => createHash('sha256').update(text).digest('hex');
