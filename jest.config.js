import { availableParallelism } from 'node:os';

// Jest runs the TypeScript sources as ES modules, each file through swc; types are checked by tsc.
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/out/'], // packages of Node, of which there may be several
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  coverageProvider: 'v8',
  reporters: ['default', ...(process.env.CI ? ['<rootDir>/test/support/nothing-skipped.js'] : [])],
  testSequencer: '<rootDir>/test/support/longest-first.js',
  // Those on servers wait four times as long as they compute.
  maxWorkers: Math.min(4 * availableParallelism(), 8),
  // Far longer than any takes, for machines that are very busy.
  testTimeout: 300_000,
};
