import type { HostFacts } from '../facts/host-facts.js';
import { nodeCaHashes, shortHash } from '../preflight/ownership.js';

export interface LastPrinted {
  /** Seconds since the epoch by the host's clock. */
  readonly at: number;
  /** The host has started again since: the last that kubeadm printed may not have come to the disk. */
  readonly restarted: boolean;
}

/** What an undo compares with the host as it is now. */
export interface OwnWork {
  /** The machine that the operation has worked on; empty when it was never read. */
  readonly machineId: string;
  /** Of the cluster; absent when it is not known, as while an `init` is undone. */
  readonly caHash?: string | undefined;
  /** When the operation's kubeadm printed last; absent when it never ran. */
  readonly lastPrinted?: LastPrinted | undefined;
}

/**
 * kubeadm prints after it has written ca.crt: what is newer than its last line was written by somebody else. Work that is
 * wrongly taken for another's is only left, and another's that is taken for its own is lost. A host that lost its power may
 * have kept the file and lost the line: seconds.
 */
const graceOf = ({ restarted }: LastPrinted): number => (restarted ? 2 : 0);

const timeOfCa = (host: HostFacts): number | undefined => {
  const line = host.identity.find((one) => one.startsWith('/etc/kubernetes/pki/ca.crt '));
  const seconds = line === undefined ? undefined : / \d+:(\d+(?:\.\d+)?):/.exec(line)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
};

/**
 * Why what is on the host is not this run's own work, in one phrase; undefined when it is. The marker alone is from another
 * time: somebody may have reset the host, made a node of it, or installed it anew since. kubeadm writes ca.crt whenever it
 * makes a node, and never again.
 */
export const notOurWork = (host: HostFacts, work: OwnWork): string | undefined => {
  const { marker } = host;
  if (work.machineId !== '' && host.machineId !== work.machineId)
    return `it is another machine now (machine-id ${host.machineId === '' ? 'empty' : host.machineId}, was ${work.machineId})`;
  if (marker === undefined) return 'it carries no marker of this operation';
  if (marker.ofThisRun !== true) return `its marker is that of ${marker.operation}`;
  const other = work.caHash === undefined ? undefined : nodeCaHashes(host).find((hash) => hash !== work.caHash);
  if (other !== undefined) return `it carries a node of another cluster (CA ${shortHash(other)})`;
  const written = timeOfCa(host);
  const last = work.lastPrinted;
  if (written !== undefined && last !== undefined && written > last.at + graceOf(last))
    return `its node was made ${(written - last.at).toFixed(1)} s after this operation's kubeadm had ended`;
  return undefined;
};
