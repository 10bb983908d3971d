import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';

/** A member of a cluster, as the member list has it. */
export interface Member {
  /** Hexadecimal, as etcd prints it with `--hex`. */
  readonly id: string;
  readonly peerUrls: readonly string[];
  /** Empty until it has started. */
  name: string;
  clientUrls: readonly string[];
  isLearner: boolean;
  /** Last index of the raft log that it has applied. */
  appliedIndex: number;
  /** Where its etcd runs; undefined while it does not. */
  running: { readonly machine: Machine; readonly process: Process } | undefined;
  /** Since when it has followed the leader without a break, milliseconds since the epoch. */
  connectedSince: number | undefined;
}

/** A new identifier: 64 bits that no other number is rounded to. */
export const newId = (): string => {
  const number =
    (BigInt(Math.floor(Math.random() * 2 ** 31) + 2 ** 30) << 33n) | BigInt(Math.floor(Math.random() * 2 ** 33));
  // Never shorter than sixteen digits.
  return (BigInt.asUintN(64, number) | (1n << 63n)).toString(16);
};

export const decimal = (id: string): string => BigInt(`0x${id}`).toString();

/** Host in a peer or client URL. */
export const hostOfUrl = (url: string): string => /^https?:\/\/\[?([^\]/]+?)\]?:\d+$/.exec(url)?.[1] ?? '';
