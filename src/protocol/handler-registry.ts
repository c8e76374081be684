import { checkFunction } from '../session/given/callbacks.js';
import { checkObject } from '../session/given/rules.js';
import { bareJid, preparedJid } from '../session/jid.js';

/**
 * One operation of a protocol that a program may replace. What the four values mean is said where
 * the operation is: `jid` is whom it is about, `node` a part of that (a sid, say), `from` where it
 * comes from, `args` the rest.
 */
export type Handler<Args = never, Result = unknown> = (
  jid: string | undefined,
  node: string | undefined,
  from: string | undefined,
  args: Args,
) => Promise<Result> | Result;

/** Which calls a handler is for; without either it is the global one. */
export interface Scope {
  /** A bare JID stands for all its resources, where none is registered itself. */
  jid?: string | undefined;
  /** The part that it is for. Default: each. */
  node?: string | undefined;
}

/** One call of an operation; what the four values mean is said where the operation is. */
export interface Call<Args = unknown> {
  /** Whom it is about. */
  jid?: string | undefined;
  /** A part of that: a sid, for instance. */
  node?: string | undefined;
  /** Where it comes from. */
  from?: string | undefined;
  /** All else. */
  args?: Args | undefined;
}

/**
 * Storage and policy decisions that a program using this as a library can replace, by protocol
 * (`type`) and operation. The most specific handler runs: that of the JID and node, of the JID,
 * of the node, the global one, the default one.
 */
export class HandlerRegistry {
  readonly #handlers = new Map<string, Map<string, Handler>>();
  readonly #defaults = new Map<string, Handler>();

  /** Registers a handler in place of the one that was there for the same scope. Throws TypeError for what is no function. */
  register<A, R>(handler: Handler<A, R>, type: string, op: string, scope: Scope = {}): void {
    checkFunction(handler, 'a handler');
    const key = operation(type, op);
    const scoped = this.#handlers.get(key) ?? new Map<string, Handler>();
    this.#handlers.set(key, scoped.set(scopeKey(scope), handler as Handler));
  }

  /** Registers the handler that runs where no other does. */
  registerDefault<A, R>(handler: Handler<A, R>, type: string, op: string): void {
    checkFunction(handler, 'a handler');
    this.#defaults.set(operation(type, op), handler as Handler);
  }

  /** Makes calls of exactly this scope use the default handler again. */
  restoreDefault(type: string, op: string, scope: Scope = {}): void {
    const standard = this.#defaults.get(operation(type, op));
    if (standard) this.register(standard, type, op, scope);
    else this.unregister(type, op, scope);
  }

  /** Removes the handler of exactly this scope; the next less specific one serves its calls. */
  unregister(type: string, op: string, scope: Scope = {}): void {
    this.#handlers.get(operation(type, op))?.delete(scopeKey(scope));
  }

  /** Removes all handlers of a protocol, the default ones too. */
  purge(type: string): void {
    for (const map of [this.#handlers, this.#defaults]) {
      for (const key of map.keys()) if (key.startsWith(`${type} `)) map.delete(key);
    }
  }

  /** Runs an operation; resolves to `undefined` where nobody handles it, rejects as the handler does. */
  async run<R>(type: string, op: string, call: Call = {}): Promise<R> {
    checkObject(call, 'the call is');
    const { jid, node, from, args } = call;
    const handler = this.#find(operation(type, op), jid, node);
    return (await handler?.(jid, node, from, args as never)) as R;
  }

  /** The registry as one protocol sees it. */
  wrap(type: string): HandlerApi {
    return {
      register: (handler, op, scope) => this.register(handler, type, op, scope),
      registerDefault: (handler, op) => this.registerDefault(handler, type, op),
      restoreDefault: (op, scope) => this.restoreDefault(type, op, scope),
      unregister: (op, scope) => this.unregister(type, op, scope),
      purge: () => this.purge(type),
      run: (op, call) => this.run(type, op, call),
    };
  }

  #find(key: string, jid?: string, node?: string): Handler | undefined {
    const scoped = this.#handlers.get(key);
    const jids = jid ? [jid, bareJid(jid)] : [];
    const scopes: Scope[] = [
      ...(node === undefined ? [] : jids.map((one) => ({ jid: one, node }))),
      ...jids.map((one) => ({ jid: one })),
      ...(node === undefined ? [] : [{ node }]),
      {},
    ];
    const scope = scopes.find((one) => scoped?.has(scopeKey(one)));
    return (scope && scoped?.get(scopeKey(scope))) ?? this.#defaults.get(key);
  }
}

/** A registry as one protocol sees it. */
export interface HandlerApi {
  /** Registers a handler in place of the one that was there for the same scope. */
  register<A, R>(handler: Handler<A, R>, op: string, scope?: Scope): void;
  /** Registers the handler that runs where no other does. */
  registerDefault<A, R>(handler: Handler<A, R>, op: string): void;
  /** Makes calls of exactly this scope use the default handler again. */
  restoreDefault(op: string, scope?: Scope): void;
  /** Removes the handler of exactly this scope. */
  unregister(op: string, scope?: Scope): void;
  /** Removes all handlers of the protocol, the default ones too. */
  purge(): void;
  /** Runs an operation, as `HandlerRegistry` does. */
  run<R>(op: string, call?: Call): Promise<R>;
}

const operation = (type: string, op: string) => `${type} ${op}`;

/** The JID is one of our own accounts, as a user of the library types it. */
function scopeKey(scope: Scope): string {
  checkObject(scope, 'the scope is');
  const { jid, node } = scope;
  return JSON.stringify([jid === undefined ? null : preparedJid(jid), node ?? null]);
}
