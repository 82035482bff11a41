import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.vm.test.ts', '**/node_modules/**'],
          // Deadlines are what some tests are about, not how fast this machine is.
          testTimeout: 60_000,
        },
      },
      {
        // Boots virtual machines: one file at a time, so that deadlines and timings mean something.
        test: {
          name: 'vm',
          include: ['src/**/*.vm.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
