import { z } from 'zod';

/** How a TCP connection to a port went. */
const dialResults = [
  'open', // connected
  'refused', // answered with a reset: the way is free, nothing listens
  'silent', // no answer in time: a firewall, a wrong address, a host that is down
  'unresolved', // the name did not resolve
  'unknown', // could not be tried, such as from a host that SSH does not reach
] as const;

export const Dial = z.object({
  /** Name of the host that dialled. */
  from: z.string(),
  /** Name of the host that was dialled, or the endpoint as the specification writes it (`host:port`). */
  to: z.string(),
  port: z.number().int(),
  result: z.enum(dialResults),
  /** Time until the answer. */
  ms: z.number().optional(),
});
export type Dial = z.infer<typeof Dial>;

export const MtuProbe = z.object({
  from: z.string(),
  /** As in `Dial`. */
  to: z.string(),
  /** Bytes of the IP packet that was sent with "do not fragment". */
  size: z.number().int(),
  ok: z.boolean(),
});
export type MtuProbe = z.infer<typeof MtuProbe>;

/** Which ways between the host, the endpoint and the control-plane hosts are free. */
export const ReachFacts = z.object({ dials: z.array(Dial), mtu: z.array(MtuProbe) });
export type ReachFacts = z.infer<typeof ReachFacts>;
