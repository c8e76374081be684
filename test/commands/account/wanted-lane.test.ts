import { describe, expect, test } from '@jest/globals';
import { laneToReceive, laneToSend } from '../../../src/commands/account/wanted-lane.js';
import { UsageError } from '../../../src/commands/context.js';

const ROMEO = 'romeo@montague.example';
const FLAGS = { direct: 'proxies', plainS5b: true, encrypt: 'auto', transport: 'auto' } as const;

const typed = (flag: string) => flag === 'plainS5b';
const set = () => false;

describe('--plain-s5b', () => {
  test('lets files go beside the stream in the clear, and nothing else does (R892)', () => {
    for (const wanted of [typed, set]) {
      expect(laneToSend(FLAGS, ROMEO, wanted)).toMatchObject({ mayBePlain: true });
      expect(laneToReceive(FLAGS, ROMEO, wanted)).toMatchObject({ mayBePlain: true });
    }
    const without = { ...FLAGS, plainS5b: false };
    expect(laneToSend(without, ROMEO, set)).toMatchObject({ mayBePlain: false });
    expect(laneToReceive({ ...without, encrypt: 'off' }, ROMEO, set)).toMatchObject({
      mayBePlain: false,
    });
  });

  test('in the settings gives way to what excludes it, where typing both is a mistake (R892)', () => {
    const sent = [{ encrypt: 'require' }, { transport: 'ibb' }] as const;
    for (const other of sent) {
      const flags = { ...FLAGS, ...other };
      expect(laneToSend(flags, ROMEO, set)).toMatchObject({ mayBePlain: false });
      expect(() => laneToSend(flags, ROMEO, typed)).toThrow(UsageError);
    }
    expect(laneToSend(FLAGS, ROMEO, set, ['si'])).toMatchObject({ mayBePlain: false });
    const required = { ...FLAGS, encrypt: 'require' } as const;
    expect(laneToReceive(required, ROMEO, set)).toMatchObject({ mayBePlain: false });
    expect(() => laneToReceive(required, ROMEO, typed)).toThrow(UsageError);
    const hidden = 'romeo@abc.onion';
    expect(laneToReceive(FLAGS, hidden, set)).toBeUndefined();
    expect(() => laneToReceive(FLAGS, hidden, typed)).toThrow('.onion hides');
  });

  test('makes sense of --transport s5b with --encrypt off (R892)', () => {
    const flags = { ...FLAGS, transport: 's5b', encrypt: 'off' } as const;
    expect(laneToSend(flags, ROMEO, typed)).toMatchObject({ mayBePlain: true });
    expect(() => laneToSend({ ...flags, plainS5b: false }, ROMEO, typed)).toThrow(UsageError);
  });
});
