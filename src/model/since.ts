// Kernel releases against the version that something exists since.

/** Whether '6.1.0-56-cloud-amd64' is older than '6.6'. */
export function isOlder(release: string, than: string): boolean {
  const [a, b] = [release, than].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  return a![0] !== b![0] ? a![0]! < b![0]! : a![1]! < b![1]!;
}
