#!/usr/bin/env node
// Fetches a program of Debian trixie's with the libraries it needs, to be run inside a guest: bare files, nothing
// installed, verified by apt up to Debian's signing key.

import { access, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { privateApt } from './debian-objects.mjs';

/** What a program is made of: its file, the packages, the libraries by their sonames. */
const programs = {
  veristat: {
    file: 'usr/bin/veristat',
    packages: ['veristat', 'libbpf1', 'libc6', 'libelf1t64', 'zlib1g', 'libzstd1'],
    libraries: [
      'ld-linux-x86-64.so.2',
      'libc.so.6',
      'libbpf.so.1',
      'libelf.so.1',
      'libz.so.1',
      'libzstd.so.1',
    ],
  },
  'xdp-loader': {
    file: 'usr/sbin/xdp-loader',
    packages: ['xdp-tools', 'libxdp1', 'libbpf1', 'libc6', 'libelf1t64', 'zlib1g', 'libzstd1'],
    libraries: [
      'ld-linux-x86-64.so.2',
      'libc.so.6',
      'libxdp.so.1',
      'libbpf.so.1',
      'libelf.so.1',
      'libz.so.1',
      'libzstd.so.1',
      'bpf/xdp-dispatcher.o',
    ],
  },
};

/** Puts NAME and lib/ into `folder`, unless they are there. */
export async function debianProgram(folder, name, mirror = 'http://deb.debian.org/debian') {
  const { file, packages, libraries } = programs[name];
  if (
    await access(folder).then(
      () => true,
      () => false,
    )
  )
    return;
  const work = await mkdtemp(path.join(tmpdir(), 'tollgate-debian-'));
  try {
    const apt = await privateApt('trixie', mirror, path.join(work, 'apt'));
    await execa('apt-get', [...apt, '-q', '-o', 'APT::Update::Error-Mode=any', 'update']);
    const debs = path.join(work, 'debs');
    await mkdir(debs);
    await execa('apt-get', [...apt, '-q', 'download', ...packages], { cwd: debs });
    const root = path.join(work, 'root');
    for (const deb of await readdir(debs)) await execa('dpkg-deb', ['-x', path.join(debs, deb), root]);
    // Beside its place, so that a rename makes it whole at once.
    await mkdir(path.dirname(folder), { recursive: true });
    const beside = await mkdtemp(`${folder}-`);
    await mkdir(path.join(beside, 'lib'));
    await copyFile(path.join(root, file), path.join(beside, name));
    for (const library of libraries)
      await copyFile(
        path.join(root, 'usr/lib/x86_64-linux-gnu', library),
        path.join(beside, 'lib', path.basename(library)),
      );
    await rename(beside, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, name] = process.argv.slice(2);
  if (!folder || !programs[name ?? '']) {
    console.error(`usage: node scripts/debian-program.mjs FOLDER ${Object.keys(programs).join('|')}`);
    process.exitCode = 2;
  } else await debianProgram(folder, name);
}
