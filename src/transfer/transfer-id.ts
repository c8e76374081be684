let last = 0;

/** An id that no other transfer of this process has. */
export function nextTransferId(): number {
  last += 1;
  return last;
}
