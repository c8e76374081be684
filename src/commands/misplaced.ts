import { stat } from 'node:fs/promises';
import { shellOperands, shellWord } from '../shell.js';
import { type Names, NO_NAMES } from '../transfer/people/typed-address.js';
import { UsageError } from './context.js';

/**
 * Looks whether the operands of `send` are in another order than its own: a JID that is no file stands before the last
 * one, or a file in its place. Throws `UsageError` with what was probably meant. `hasFlags`: there are flags beside them.
 */
export async function refuseMisplaced(
  operands: readonly string[],
  names: Names = NO_NAMES,
  hasFlags = false,
): Promise<void> {
  const flags = signOf(hasFlags);
  const last = operands.at(-1) ?? '';
  const mayBeRecipient = looksLikeJid(last) || names.has(last);
  for (const [at, one] of operands.slice(0, -1).entries()) {
    if (!(looksLikeJid(one) || names.has(one)) || (await isThere(one))) continue;
    if (mayBeRecipient) {
      throw new UsageError(
        `${one} is no file`,
        `several recipients are given with --to: --to ${shellWord(one)} --to ${shellWord(last)}`,
      );
    }
    if (await isThere(last)) {
      const files = operands.toSpliced(at, 1);
      throw new UsageError(
        'the recipient comes last',
        `inband send ${flags}${shellOperands(...files, one)}`,
      );
    }
  }
  if (mayBeRecipient || !(await isThere(last))) return;
  throw new UsageError(
    `${last} is a file, and the recipient comes last`,
    `inband send ${flags}${shellOperands(...operands)} <jid>`,
    `a server of that name is given as ${shellWord(`xmpp:${last}`)}`,
  );
}

/** One operand alone is a file or a recipient, and the other is missing. Throws `UsageError`. */
export async function refuseLone(
  operand: string,
  names: Names = NO_NAMES,
  hasFlags = false,
): Promise<void> {
  const [flags, word] = [signOf(hasFlags), shellOperands(operand)];
  const isRecipient = looksLikeJid(operand) || names.has(operand);
  throw isRecipient && !(await isThere(operand))
    ? new UsageError(
        `no file is named to send to ${operand}`,
        `inband send ${flags}<file...> ${word}`,
      )
    : new UsageError(`nobody is named to send ${operand} to`, `inband send ${flags}${word} <jid>`);
}

/** Where recipients are given with `--to`, one more may stand among the files. Throws `UsageError`. */
export async function refuseRecipients(files: readonly string[]): Promise<void> {
  for (const one of files) {
    if (!(looksLikeJid(one) || isWord(one)) || (await isThere(one))) continue;
    const hint = `with --to all operands are files; one more recipient: --to ${shellWord(one)}`;
    throw new UsageError(`${one} is no file`, hint);
  }
}

/** Without its flags the command would do something else. The dots stand for them, and are no file to anybody. */
const signOf = (hasFlags: boolean): string => (hasFlags ? '… ' : '');

const isWord = (operand: string): boolean => /^[^./\\-][^./\\]*$/.test(operand);

const looksLikeJid = (operand: string): boolean =>
  operand.startsWith('xmpp:') || /^[^/]+@[^/]+/.test(operand);

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
