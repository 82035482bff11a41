// The pure half of the chain of trust: what a verified InRelease and a verified Packages index say. Nothing here
// reads a file; archive.ts does, and hands over only text that a signature or a signed digest covers.

/** The fields of a Release file that count here. */
export interface Release {
  readonly codename: string | undefined;
  readonly suite: string | undefined;
  readonly validUntil: Date | undefined;
  /** The index files can be fetched under their digest, which no mirror in mid-update gets wrong. */
  readonly byHash: boolean;
  /** By path relative to the suite's folder. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly sizeBytes: number }>;
}

/** One binary package of a kernel. */
export interface KernelPackage {
  readonly name: string;
  readonly version: string;
  /** Packages whose name starts with linux-, depended on in exactly this package's own version or another. */
  readonly depends: readonly { readonly name: string; readonly version: string }[];
  /** Relative to the archive's folder: 'pool/main/l/linux/...'. */
  readonly filename: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Reads the verified text of an InRelease or Release file. */
export function parseRelease(text: string): Release {
  const fields = parseFields(text);
  const validUntil = fields.get('valid-until');
  const files = new Map<string, { sha256: string; sizeBytes: number }>();
  for (const line of (fields.get('sha256') ?? '').split('\n')) {
    const match = /^\s*([0-9a-f]{64})\s+(\d+)\s+(\S+)$/.exec(line);
    if (match) files.set(match[3]!, { sha256: match[1]!, sizeBytes: Number(match[2]) });
  }
  return {
    codename: fields.get('codename'),
    suite: fields.get('suite'),
    validUntil: validUntil === undefined ? undefined : new Date(validUntil),
    byHash: fields.get('acquire-by-hash') === 'yes',
    files,
  };
}

/** Whether a stanza of a Packages index belongs to a kernel of the cloud flavour; cheap, for 60 MB of them. */
export function isKernelStanza(stanza: string): boolean {
  return /^Package: linux-(image|binary|modules|base)-\d\S*-cloud-amd64$/m.test(stanza);
}

/**
 * Reads one stanza. Returns what is wrong with it, as a sentence's end, when a field could lead a download or a
 * path astray: an index is signed, but a mirror of one's own may be signed by anybody.
 */
export function parseKernelPackage(stanza: string): KernelPackage | { readonly wrong: string } {
  const fields = parseFields(stanza);
  const field = (name: string) => fields.get(name) ?? '';
  const found = {
    name: field('package'),
    version: field('version'),
    depends: exactLinuxDepends(`${field('pre-depends')}, ${field('depends')}`),
    filename: field('filename'),
    sizeBytes: Number(field('size') || Number.NaN),
    sha256: field('sha256'),
  };
  const wrong = (name: string, value: string) => ({
    wrong: `package '${found.name}' has ${name} '${value}'`,
  });
  if (!VERSION.test(found.version)) return wrong('Version', found.version);
  if (!isPoolPath(found.filename)) return wrong('Filename', found.filename);
  if (!Number.isSafeInteger(found.sizeBytes) || found.sizeBytes <= 0 || found.sizeBytes > MAX_DEB_BYTES) {
    return wrong('Size', field('size'));
  }
  if (!SHA256.test(found.sha256)) return wrong('SHA256', found.sha256);
  return found;
}

/** Larger than any kernel package without debug symbols (the generic flavour has about 110 MB). */
export const MAX_DEB_BYTES = 512 * 1024 * 1024;
export const SHA256 = /^[0-9a-f]{64}$/;
const VERSION = /^[0-9][0-9A-Za-z.+~:-]*$/;

/** A path below the archive's pool, without anything that a server or a file system could read as another. */
export function isPoolPath(path: string): boolean {
  return /^pool(\/[A-Za-z0-9+~_-][A-Za-z0-9.+~_-]*)+\.deb$/.test(path);
}

/** A package's place below the mirror: an archive's folder, then a path in its pool. */
export function isPackageUrl(url: string): boolean {
  const [archive = '', ...rest] = url.split('/');
  return /^[a-z][a-z-]*$/.test(archive) && isPoolPath(rest.join('/'));
}

function exactLinuxDepends(depends: string): KernelPackage['depends'] {
  return depends.split(',').flatMap((item) => {
    const match = /^(linux-[a-z0-9.+-]+) \(= ([^\s)]+)\)$/.exec(item.trim());
    return match ? [{ name: match[1]!, version: match[2]! }] : [];
  });
}

/** A paragraph of Debian's control format: 'Field: value' lines, continued by lines that start with a blank. */
function parseFields(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>();
  let current: string | undefined;
  for (const line of paragraph.split('\n')) {
    const match = /^([!-9;-~]+):\s*(.*)$/.exec(line);
    if (match) {
      current = match[1]!.toLowerCase();
      if (!fields.has(current)) fields.set(current, match[2]!.trimEnd());
    } else if (current !== undefined && /^[ \t]/.test(line)) {
      fields.set(current, `${fields.get(current)}\n${line}`);
    }
  }
  return fields;
}
