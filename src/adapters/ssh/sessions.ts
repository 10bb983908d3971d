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
}

/** What the host may count against `MaxSessions` of its sshd, which is per connection. */
export interface Sessions {
  readonly taken: number;
  readonly abandoned: number;
  take(): Session;
}

/** `onFree` is called after each session that ends. */
export const createSessions = (onFree: () => void): Sessions => {
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
      const session: Session = {
        others: () => granted.size - (granted.has(session) ? 1 : 0),
        granted: () => void (taken.has(session) && granted.add(session)),
        abandon: () => void (taken.has(session) && abandoned.add(session)),
        free: () => {
          granted.delete(session);
          abandoned.delete(session);
          if (taken.delete(session)) onFree();
        },
      };
      taken.add(session);
      return session;
    },
  };
};
