import { beforeEach, describe, expect, test } from '@jest/globals';
import { HandlerRegistry } from '../../src/protocol/handler-registry.js';
import { MalformedJid } from '../../src/session/jid.js';

const ROMEO = 'romeo@montague.example';
const ORCHARD = `${ROMEO}/orchard`;

let registry: HandlerRegistry;

beforeEach(() => {
  registry = new HandlerRegistry();
});

/** A handler that answers with its own name. */
const named = (name: string) => () => name;

const run = (call = {}) => registry.run('ibb', 'get_stream', call);
const register = (name: string, scope = {}) =>
  registry.register(named(name), 'ibb', 'get_stream', scope);

describe('the handler that runs', () => {
  test('is the most specific one: of JID and node, of the JID, of the node, of all, the default', async () => {
    const call = { jid: ORCHARD, node: 's1' };
    const scopes = [{ jid: ORCHARD, node: 's1' }, { jid: ORCHARD }, { node: 's1' }, {}];
    registry.registerDefault(named('default'), 'ibb', 'get_stream');
    for (const scope of scopes) register(JSON.stringify(scope), scope);
    for (const scope of scopes) {
      expect(await run(call)).toBe(JSON.stringify(scope));
      registry.unregister('ibb', 'get_stream', scope);
    }
    expect(await run(call)).toBe('default');
  });

  test.each([
    ['another JID', { jid: 'juliet@capulet.example/balcony', node: 's1' }],
    ['another node', { jid: ORCHARD, node: 's2' }],
    ['no JID', { node: 's1' }],
    ['no node', { jid: ORCHARD }],
    ['neither', {}],
  ])('is not that of a JID and node for %s', async (_other, call) => {
    register('special', { jid: ORCHARD, node: 's1' });
    expect(await run(call)).toBeUndefined();
  });

  test('is that of a node for a call about a JID, too', async () => {
    register('node', { node: 's1' });
    expect(await run({ jid: ORCHARD, node: 's1' })).toBe('node');
  });

  test('is that of the bare JID for each of its resources', async () => {
    register('bare', { jid: ROMEO });
    expect(await run({ jid: ORCHARD })).toBe('bare');
    expect(await run({ jid: ROMEO })).toBe('bare');
  });

  test('is that of the full JID rather than that of the bare one', async () => {
    register('bare', { jid: ROMEO });
    register('full', { jid: ORCHARD });
    expect(await run({ jid: ORCHARD })).toBe('full');
    expect(await run({ jid: `${ROMEO}/hall` })).toBe('bare');
  });

  test('is that of the bare JID and node rather than that of the full JID', async () => {
    register('full', { jid: ORCHARD });
    register('bare and node', { jid: ROMEO, node: 's1' });
    expect(await run({ jid: ORCHARD, node: 's1' })).toBe('bare and node');
  });

  test('is not that of a full JID for the bare one', async () => {
    register('full', { jid: ORCHARD });
    expect(await run({ jid: ROMEO })).toBeUndefined();
  });

  test('is found whatever the case of the JID, both when registered and when called', async () => {
    register('romeo', { jid: 'Romeo@Montague.Example' });
    expect(await run({ jid: 'ROMEO@montague.example/orchard' })).toBe('romeo');
  });

  test('is not found by a resource of another case', async () => {
    register('orchard', { jid: ORCHARD });
    expect(await run({ jid: `${ROMEO}/Orchard` })).toBeUndefined();
  });

  test('is the one for an empty node when that is asked for', async () => {
    register('empty', { node: '' });
    expect(await run({ node: '' })).toBe('empty');
    expect(await run()).toBeUndefined();
  });

  test('is the last one that was registered', async () => {
    register('first');
    register('second');
    expect(await run()).toBe('second');
  });

  test('is none of another operation or protocol', async () => {
    register('ours');
    expect(await registry.run('ibb', 'set_stream')).toBeUndefined();
    expect(await registry.run('bob', 'get_stream')).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    'is none where only %s fits',
    async (name) => {
      register('ours');
      expect(await registry.run(name, name, { node: name })).toBeUndefined();
    },
  );

  test('is called with the JID, the node, the sender and the arguments', async () => {
    registry.register((...all: unknown[]) => all, 'ibb', 'get_stream');
    const call = { jid: ORCHARD, node: 's1', from: 'juliet@capulet.example', args: { size: 1 } };
    expect(await run(call)).toEqual([ORCHARD, 's1', 'juliet@capulet.example', { size: 1 }]);
    expect(await run()).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('a run', () => {
  test('resolves to undefined where nobody handles it', async () => {
    expect(await run({ jid: ORCHARD, node: 's1' })).toBeUndefined();
  });

  test('resolves to what the handler returns, at once or later', async () => {
    register('at once');
    registry.register(async () => 'later', 'ibb', 'get_stream', { node: 's1' });
    expect(await Promise.all([run(), run({ node: 's1' })])).toEqual(['at once', 'later']);
  });

  test('rejects with what the handler throws, at once or later', async () => {
    const error = new Error('the disk is full');
    registry.register(() => Promise.reject(error), 'ibb', 'get_stream', { node: 's1' });
    registry.register(
      () => {
        throw error;
      },
      'ibb',
      'get_stream',
    );
    // A promise even so: nothing is thrown where it is called.
    const runs = [run(), run({ node: 's1' })];
    expect(await Promise.allSettled(runs)).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
  });

  test('calls a handler that throws a TypeError once', async () => {
    let calls = 0;
    registry.register(
      () => {
        calls += 1;
        throw new TypeError('takes three arguments');
      },
      'ibb',
      'get_stream',
    );
    await expect(run()).rejects.toThrow('takes three arguments');
    expect(calls).toBe(1);
  });

  test('rejects for a JID that is none', async () => {
    await expect(run({ jid: 'romeo@' })).rejects.toThrow(MalformedJid);
  });
});

describe('a handler that was unregistered', () => {
  test('no longer runs, and the next less specific one does', async () => {
    register('all');
    register('romeo', { jid: ROMEO });
    registry.unregister('ibb', 'get_stream', { jid: ROMEO });
    expect(await run({ jid: ROMEO })).toBe('all');
  });

  test('may be the one for all', async () => {
    register('all');
    registry.unregister('ibb', 'get_stream');
    expect(await run()).toBeUndefined();
  });

  test('leaves those of other scopes', async () => {
    register('all');
    register('romeo', { jid: ROMEO });
    registry.unregister('ibb', 'get_stream', { jid: ORCHARD });
    registry.unregister('ibb', 'get_stream', { node: 's1' });
    expect(await run()).toBe('all');
    expect(await run({ jid: ROMEO })).toBe('romeo');
  });

  test('need not have been there', () => {
    expect(() => registry.unregister('ibb', 'get_stream', { jid: ROMEO })).not.toThrow();
  });
});

describe('the default handler', () => {
  beforeEach(() => registry.registerDefault(named('default'), 'ibb', 'get_stream'));

  test('runs where no other does', async () => {
    expect(await run({ jid: ORCHARD, node: 's1' })).toBe('default');
  });

  test('runs again when it was restored for all', async () => {
    register('all');
    registry.restoreDefault('ibb', 'get_stream');
    expect(await run()).toBe('default');
  });

  test('runs for one JID when it was restored for that, and for no other', async () => {
    register('all');
    register('romeo', { jid: ROMEO });
    registry.restoreDefault('ibb', 'get_stream', { jid: ROMEO });
    expect(await run({ jid: ROMEO })).toBe('default');
    expect(await run({ jid: 'juliet@capulet.example' })).toBe('all');
  });

  test('is not missed where there is none', async () => {
    registry.register(named('all'), 'ibb', 'set_stream');
    registry.restoreDefault('ibb', 'set_stream');
    expect(await registry.run('ibb', 'set_stream')).toBeUndefined();
  });
});

describe('a protocol that was purged', () => {
  test('has no handlers left, not even defaults', async () => {
    registry.registerDefault(named('default'), 'ibb', 'get_stream');
    register('all');
    register('romeo', { jid: ROMEO });
    registry.purge('ibb');
    expect(await run({ jid: ROMEO })).toBeUndefined();
  });

  test('leaves those whose names only begin as its does', async () => {
    registry.registerDefault(named('default'), 'ibb2', 'get_stream');
    registry.register(named('all'), 'ibb2', 'get_stream', { node: 's1' });
    registry.purge('ibb');
    expect(await registry.run('ibb2', 'get_stream')).toBe('default');
    expect(await registry.run('ibb2', 'get_stream', { node: 's1' })).toBe('all');
  });
});

describe('the registry of one protocol', () => {
  test('is that of all, with the protocol left out', async () => {
    const api = registry.wrap('ibb');
    api.registerDefault(named('default'), 'get_stream');
    api.register(named('romeo'), 'get_stream', { jid: ROMEO });
    expect(await api.run('get_stream', { jid: ROMEO })).toBe('romeo');
    expect(await run({ jid: ROMEO })).toBe('romeo');
    expect(await registry.run('bob', 'get_stream', { jid: ROMEO })).toBeUndefined();
    api.restoreDefault('get_stream', { jid: ROMEO });
    expect(await run({ jid: ROMEO })).toBe('default');
    api.register(named('all'), 'get_stream');
    api.unregister('get_stream', { jid: ROMEO });
    expect(await run({ jid: ROMEO })).toBe('all');
    api.purge();
    expect(await run()).toBeUndefined();
  });
});
