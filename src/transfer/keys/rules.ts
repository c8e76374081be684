/** `auto`: with whoever can. `require`: with nobody else. `off`: with nobody. */
export type Encrypt = 'auto' | 'require' | 'off';

/** `first`: the first key of somebody is taken for theirs. `known`: none is that a person has not added. */
export type TrustRule = 'first' | 'known';

/**
 * What is known of the key of a transfer: it is the `first` of its owner that is seen, or was `known` before, or a
 * person has compared it (`verified`); `unknown`: nobody looks after the keys of that one.
 */
export type Trust = 'first' | 'known' | 'verified' | 'unknown';

/** How a file travels, for the events of it. */
export type Secrecy =
  | { encrypted: false }
  | {
      encrypted: true;
      /** As people see it. */
      peerKey: string;
      trust: Trust;
    };

/** How a file travelled, as far as it was noted. */
export interface NotedSecrecy {
  encrypted: boolean;
  /** The sender's key, as people see it. */
  peerKey?: string;
  trust?: Trust;
}
