// What a long step tells the one who waits. Entries decide how to show it; lower layers only call.

export interface ProgressEvent {
  /** What is at work, as 'debian:6.1' or 'build base'. */
  readonly task: string;
  readonly phase: 'resolve' | 'download' | 'build' | 'boot' | 'restore' | 'load' | 'measure' | 'done';
  readonly message?: string;
  /** Bytes or jobs done, of a total where that is known. */
  readonly done?: number;
  readonly total?: number;
}

export type OnProgress = (event: ProgressEvent) => void;

/** A line for the user that is no error: a fallback taken, a cache left out. */
export type OnWarning = (line: string) => void;
