/** Network errors come wrapped in errors of our own: what still names a system call is about a file. */
export const isFileError = (error: NodeJS.ErrnoException): boolean => error.syscall !== undefined;

/** Node's own, which has no class that can be imported. */
export const isAbort = ({ name }: Error): boolean => name === 'AbortError';

/** `ENOENT: no such file or directory, open 'x'` → `cannot open x: no such file or directory`. Of two paths the second. */
export function sentence(error: NodeJS.ErrnoException & { dest?: string }): string {
  const { message, code, syscall, path, dest } = error;
  const [start, end] = [`${code}: `, message.indexOf(`, ${syscall}`)];
  // What others say of a system call has another form.
  if (!message.startsWith(start) || end < 0) return message;
  const reason = message.slice(start.length, end);
  const name = dest ?? path ?? 'a file';
  return `cannot ${VERBS[syscall ?? ''] ?? syscall} ${name || '""'}: ${reason}`;
}

/** The calls whose names say little. Whether a file was looked at before it was opened is of no interest. */
const VERBS: Readonly<Record<string, string>> = {
  stat: 'open',
  lstat: 'open',
  mkdir: 'make the folder',
  scandir: 'read the folder',
  unlink: 'remove',
};
