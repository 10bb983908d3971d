import { z } from 'zod';
import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';
import { removeFile, writeFile } from '../ssh/write-file.js';

/** Survives a restart of the host, unlike /run. */
const markerFile = '/var/lib/quorate/marker.json';

/** Says that Quorate wrote what is on the host: which operation, for which cluster, and when (ISO 8601). */
export const Marker = z.object({
  operation: z.string().min(1),
  cluster: z.string().min(1),
  /** sha256:<hex> of the cluster's CA; unknown before init. */
  caHash: z.string().optional(),
  at: z.string(),
});
export type Marker = z.infer<typeof Marker>;

/**
 * Marks the host as ours before an init or a join begins to write on it; what is found there later is attributed by it.
 * One line, whole or not at all, and on the disk when this returns: a power cut during the join must not unmark the host.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const writeMarker = async (host: Host, marker: Marker): Promise<void> => {
  await writeFile(host, markerFile, `${JSON.stringify(Marker.parse(marker))}\n`, { mode: '0644' });
  await execute(host, 'syncing the marker', `sync ${markerFile} 2>/dev/null || sync`);
};

/** The marker in a text; undefined when it is none, as half a marker proves nothing. */
export const parseMarker = (text: string): Marker | undefined => {
  try {
    return Marker.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/**
 * The marker on the host; undefined when there is none, or none that is whole.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const readMarker = async (host: Host): Promise<Marker | undefined> =>
  parseMarker(await execute(host, 'reading the marker', `[ ! -e ${markerFile} ] || cat ${markerFile}`));

/**
 * Removes the marker: the host is nobody's. Done after a reset, not after a join.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const removeMarker = (host: Host): Promise<void> => removeFile(host, markerFile);
