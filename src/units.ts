const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** "999 B", "1.2 MB", "123 MB": decimal units, at most one decimal. */
export function formatBytes(bytes: number): string {
  let value = Math.round(bytes);
  let unit = 0;
  // Compares what will be shown, so that 999,950 bytes are 1 MB and not 1000 kB.
  while (Math.round(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toFixed(value < 100 ? 1 : 0))} ${UNITS[unit]}`;
}

/** Two numbers of bytes that differ, so that it is seen: to the byte where they would look the same. */
export function formatApart(one: number, other: number): [string, string] {
  const isNear = formatBytes(one) === formatBytes(other);
  const inWords = (bytes: number) => (isNear ? `${bytes} bytes` : formatBytes(bytes));
  return [inWords(one), inWords(other)];
}

/** "1.2 MB/s". */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** "12 s", "3 min 04 s", "1 h 02 min". */
export function formatDuration(seconds: number): string {
  const total = Math.round(seconds);
  const minutes = Math.floor(total / 60);
  if (minutes === 0) return `${total} s`;
  if (minutes < 60) return `${minutes} min ${twoDigits(total % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

const twoDigits = (n: number): string => String(n).padStart(2, '0');

/** "12 h", "35 min": of a time that is not known any better. */
export function formatAbout(seconds: number): string {
  if (seconds >= 172_800) return `${Math.round(seconds / 86_400)} d`;
  if (seconds >= 5_400) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.max(1, Math.round(seconds / 60))} min`;
}
