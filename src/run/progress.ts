// Progress for the one who waits: live lines in a terminal, one plain line a step elsewhere. Both on stderr.

import { Listr, type ListrTaskWrapper } from 'listr2';
import type { OnProgress, ProgressEvent } from '../model/progress.ts';

export interface Progress {
  readonly onProgress: OnProgress;
  readonly end: () => Promise<void>;
}

const PHASES: Readonly<Record<ProgressEvent['phase'], string>> = {
  resolve: 'resolving',
  download: 'downloading',
  build: 'building',
  boot: 'booting, once for this kernel and QEMU',
  restore: 'restoring',
  load: 'loading',
  measure: 'measuring',
  done: 'done',
};

/** One line an event, in words: 'debian:6.1: downloading 12 of 26 MB'. */
export function progressLine({ task, phase, message, done, total }: ProgressEvent): string {
  const amount =
    done === undefined
      ? ''
      : phase === 'download'
        ? ` ${megabytes(done)}${total === undefined ? '' : ` of ${megabytes(total)}`} MB`
        : ` ${done}${total === undefined ? '' : ` of ${total}`}`;
  return `${task}: ${PHASES[phase]}${amount}${message ? ` (${message})` : ''}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

const silent: Progress = { onProgress: () => {}, end: async () => {} };

export function createProgress(options: {
  readonly quiet: boolean;
  readonly live: boolean;
  readonly write: (line: string) => void;
}): Progress {
  if (options.quiet) return silent;
  return options.live ? liveProgress() : plainProgress(options.write);
}

/** A phase is said once; a download every ten seconds. */
function plainProgress(write: (line: string) => void): Progress {
  const said = new Map<string, { phase: string; at: number }>();
  return {
    onProgress: (event) => {
      const last = said.get(event.task);
      const now = Date.now();
      if (last?.phase === event.phase && (event.phase !== 'download' || now - last.at < 10_000)) return;
      said.set(event.task, { phase: event.phase, at: now });
      if (event.phase !== 'done') write(progressLine(event));
    },
    end: async () => {},
  };
}

/** A task a kernel or build, its line rewritten in place. */
function liveProgress(): Progress {
  const tasks = new Map<string, { wrapper?: ListrTaskWrapper<unknown, never, never>; finish: () => void }>();
  const list = new Listr([], {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false },
  });
  let running: Promise<unknown> | undefined;
  const open = (name: string) => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const task: { wrapper?: ListrTaskWrapper<unknown, never, never>; finish: () => void } = { finish };
    list.add({
      title: name,
      task: (_, wrapper) => {
        task.wrapper = wrapper as never;
        return finished;
      },
    });
    tasks.set(name, task);
    running ??= list.run().catch(() => {});
    return task;
  };
  return {
    onProgress: (event) => {
      const task = tasks.get(event.task) ?? open(event.task);
      if (task.wrapper) task.wrapper.title = progressLine(event);
    },
    end: async () => {
      for (const task of tasks.values()) task.finish();
      await running;
    },
  };
}
