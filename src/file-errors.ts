/** Network errors come wrapped in errors of our own: what still names a system call is about a file. */
export const isFileError = (error: NodeJS.ErrnoException): boolean => error.syscall !== undefined;

/** Node's own, which has no class that can be imported. */
export const isAbort = ({ name }: Error): boolean => name === 'AbortError';

/** `ENOENT: no such file or directory, open 'x'` → `cannot open x: no such file or directory`. Of two paths the second. */
export function sentence(error: Error): string {
  const { message } = error;
  const [, reason, call, path] = /^\w+: (.+), (\w+)(?: '(?:.*' -> ')?(.*)')?/s.exec(message) ?? [];
  // Whether it was looked at before it was opened is of no interest.
  const verb = call === 'stat' ? 'open' : call;
  return isFileError(error) && reason ? `cannot ${verb} ${path ?? 'a file'}: ${reason}` : message;
}
