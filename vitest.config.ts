import { defineConfig } from 'vitest/config';

/** What is about deadlines or time, or looks at everything that runs or lies about: nothing else may run beside it. */
const ALONE = ['accelerator', 'determinism', 'faults', 'host', 'interrupt', 'load-host', 'timed-vm'].map(
  (name) => `src/**/${name}.vm.test.ts`,
);

const setupFiles = ['scripts/testing/own-tmp.ts'];
// On a machine with half of its time for others, too: what is too slow is told by the sum of all tests.
const boots = { setupFiles, testTimeout: 900_000, hookTimeout: 1_800_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.vm.test.ts', '**/node_modules/**'],
          setupFiles,
          // Deadlines are what some tests are about, not how fast this machine is.
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Boots virtual machines: two files at a time, since most of them use one core.
        test: {
          name: 'vm',
          include: ['src/**/*.vm.test.ts'],
          exclude: [...ALONE, '**/node_modules/**'],
          maxWorkers: 2,
          ...boots,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'vm-alone',
          include: ALONE,
          fileParallelism: false,
          ...boots,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
