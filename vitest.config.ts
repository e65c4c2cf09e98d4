import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // One process imports each module once for all its files: half the CPU time. Unit tests share nothing that they change.
          isolate: false,
          // A bound on what hangs, no measure of speed: the machine may be busy with something else.
          testTimeout: 30_000,
          include: [
            'src/**/*.test.ts',
            'test/*.test.ts',
            'test/sim/*.test.ts',
            'test/oracle/**/*.test.ts',
            'test/experiments/**/*.test.ts',
            'test/faults/**/*.test.ts',
            'test/mutants/**/*.test.ts',
            'test/judging/**/*.test.ts',
            'test/connect/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/sim/runs/*.test.ts'],
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/servers/**/*.test.ts'],
          globalSetup: 'test/servers/real-servers.ts',
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // Two cores and a broker: files one after the other are faster than side by side, and do not time out.
          fileParallelism: false,
        },
      },
    ],
  },
})
