let last = 0;

/** Names a transfer in what the user is told: no other one in this process has it. */
export function nextTransferId(): number {
  last += 1;
  return last;
}
