import * as fs from 'node:fs/promises';
import type { Files } from '../../src/storage/files.js';

export interface Call {
  /** Such as `rename`, or `handle.write` for an operation on an open file. */
  operation: string;
  args: unknown[];
  /** The open file that it is called on. */
  handle?: fs.FileHandle;
}

/** Decides what becomes of a call; `run` makes it. */
export type Tap = (call: Call, run: () => Promise<unknown>) => Promise<unknown>;

const ON_HANDLES =
  /^(chmod|close|datasync|read|readFile|stat|sync|truncate|utimes|write|writeFile)$/;

/** The real file system, with a tap in front of each operation, those on open files included. */
export function tappedFiles(tap: Tap): Files {
  return wrap(fs, /./, async ({ operation, args }, run) => {
    const result = await tap({ operation, args }, run);
    return operation === 'open' ? tappedHandle(result as fs.FileHandle, tap) : result;
  }) as Files;
}

function tappedHandle(handle: fs.FileHandle, tap: Tap) {
  return wrap(handle, ON_HANDLES, ({ operation, args }, run) =>
    tap({ operation: `handle.${operation}`, args, handle }, run),
  );
}

function wrap<T extends object>(target: T, names: RegExp, tap: Tap): T {
  return new Proxy(target, {
    get: (_, operation: string) => {
      const value = Reflect.get(target, operation);
      if (typeof value !== 'function' || !names.test(operation)) return value;
      return (...args: unknown[]) =>
        tap({ operation, args }, async () => value.apply(target, args));
    },
  });
}

/** An error as the file system gives them. */
export function fileError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: by the test`), { code, syscall: 'test' });
}

/** Lets the calls of one operation fail, while `fails` says so. */
export function failingFiles(operation: string, code: string, fails = () => true): Files {
  return tappedFiles((call, run) =>
    call.operation === operation && fails() ? Promise.reject(fileError(code)) : run(),
  );
}
