/** A session of a connection, from the moment it is meant to be asked for until the host counts it no more. */
export interface Session {
  /** Other sessions of the same connection that the host has granted and not yet closed. */
  others(): number;
  /** The host has granted it. */
  granted(): void;
  /** Nobody waits for its command any more, but the host may still run it, and then counts it. */
  abandon(): void;
  /** It was never granted, or the host has closed it. */
  free(): void;
  /** Nothing runs in it, but the host may count it as long as there is the connection. */
  leak(): void;
}

/** What the host may count against `MaxSessions` of its sshd, which is per connection. */
export interface Sessions {
  readonly taken: number;
  readonly abandoned: number;
  take(): Session;
}

/** `onFree` is called after each session that ends here, with whether the host may still count it. */
export const createSessions = (onFree: (isLeaked: boolean) => void): Sessions => {
  const taken = new Set<Session>();
  const granted = new Set<Session>();
  const abandoned = new Set<Session>();
  return {
    get taken() {
      return taken.size;
    },
    get abandoned() {
      return abandoned.size;
    },
    take: () => {
      const end = (isLeaked: boolean): void => {
        granted.delete(session);
        abandoned.delete(session);
        if (taken.delete(session)) onFree(isLeaked);
      };
      const session: Session = {
        others: () => granted.size - (granted.has(session) ? 1 : 0),
        granted: () => void (taken.has(session) && granted.add(session)),
        abandon: () => void (taken.has(session) && abandoned.add(session)),
        free: () => end(false),
        leak: () => end(true),
      };
      taken.add(session);
      return session;
    },
  };
};
