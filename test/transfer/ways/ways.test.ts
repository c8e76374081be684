import { describe, expect, test } from '@jest/globals';
import { WAY_NAMES } from '../../../src/transfer/ways/names.js';
import { startServices } from '../../../src/transfer/ways/services.js';
import { openWays, UNADVERTISED, WAYS } from '../../../src/transfer/ways/ways.js';
import { linkedSessions } from '../../support/linked-sessions.js';
import { describeWay } from './way-suite.js';

describe('each of them is what it says (R139, R143, R281)', () => {
  for (const way of WAYS) describeWay(way);
});

describe('the list of ways', () => {
  test('has each name once, best first, and no features twice', () => {
    expect(WAYS.map(({ name }) => name)).toEqual(WAY_NAMES);
    expect(new Set(WAYS.map(({ features }) => features.join())).size).toBe(WAYS.length);
    expect(UNADVERTISED.map(({ name }) => name)).toEqual(['ibb']);
  });

  test('is ready on a session as a whole', () => {
    const [session] = linkedSessions();
    expect([...openWays(startServices(session)).keys()]).toEqual(WAYS);
  });
});
