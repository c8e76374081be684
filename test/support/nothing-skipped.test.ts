import { expect, test } from '@jest/globals';
import NothingSkipped from './nothing-skipped.js';

const of = (...statuses: string[]) => ({
  testResults: statuses.map((status, index) => ({ status, fullName: `test ${index}` })),
});

test('a run in which a test was skipped is a failure, and says which', () => {
  const reporter = new NothingSkipped();
  reporter.onTestResult(undefined, of('passed', 'failed'));
  expect(reporter.getLastError()).toBe(undefined);
  reporter.onTestResult(undefined, of('passed', 'pending'));
  expect(reporter.getLastError()?.message).toBe('skipped, though this is CI:\n  test 1');
});
