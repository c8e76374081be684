type Failure = Error & { reason?: string; errors?: Failure[] };

/** Why the network, or TLS, did not come about, in a few words. */
export function reasonOf({ message, reason, errors }: Failure): string {
  // A host with several addresses: each has its own reason, and the whole has none.
  if (errors) return errors.map(reasonOf).join(', ');
  // OpenSSL puts its own bookkeeping into the message.
  return reason ?? message;
}
