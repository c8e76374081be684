/** Tells one transfer from another. Events carry no id; two files of one name to one peer share what is shown. */
export function transferKey({ peer, name }: { peer?: string; name?: string }): string {
  return JSON.stringify([peer, name]);
}
