import type { Client } from '@temporalio/client';
import type { FullDisk } from '../../model/full-disk.js';

type Look = () => FullDisk | undefined;

const looks = new WeakMap<Client, Look>();

/**
 * Tells how to look at the disk of the Temporal server behind a client, where that is possible: calls that are not
 * answered then say when it is full. A server that cannot write does not say so itself: it answers with a status that
 * clients try again until their time is up.
 */
export const lookAtDisk = (client: Client, look: Look): void => {
  looks.set(client, look);
};

/** The server's disk, if it is full and can be looked at. */
export const fullDiskBehind = (client: Client): FullDisk | undefined => looks.get(client)?.();
