// The versions of what runs here.

import { readFileSync } from 'node:fs';
import { libbpf } from './libbpf/ffi.ts';

/** As '6.12.117+deb13-cloud-amd64'. */
export function kernelRelease(): string {
  return readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
}

/** As '1.1'. */
export function libbpfVersion(): string {
  return String(libbpf().libbpf_version_string()).replace(/^v/, '');
}
