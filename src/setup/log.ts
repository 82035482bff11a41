// How setting up tells what it does: lines in groups, which GitHub folds. The entry wires it to where it is read.

export interface Log {
  /** Runs `work` under a heading of its own. */
  readonly group: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly info: (line: string) => void;
  /** A line that should be seen without unfolding. */
  readonly warning: (line: string) => void;
}
