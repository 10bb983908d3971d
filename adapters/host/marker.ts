import { z } from 'zod';
import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { ownMarkerStart } from './identity-script.js';
import type { Claimant } from './identity-script.js';

/** Survives a restart of the host, unlike /run. */
const markerFile = '/var/lib/quorate/marker.json';

/** Says that Quorate wrote what is on the host: which operation and run of it, for which cluster, and how that ended. */
export const Marker = z.object({
  operation: z.string().min(1),
  /** Temporal's id of the run; absent in what older versions wrote. */
  run: z.string().optional(),
  cluster: z.string().min(1),
  /** sha256:<hex> of the cluster's CA; unknown before init. */
  caHash: z.string().optional(),
  /** ISO 8601. */
  at: z.string(),
  /**
   * `resetting`: the operation resets what was there before it; `begun`: what is there now is its own attempt; `joined`: the
   * host was proven to be a member, and what is on it is nobody's attempt any more; `undoing`: the operation takes away
   * what it has made there.
   */
  state: z.enum(['resetting', 'begun', 'joined', 'undoing']).optional(),
});
export type Marker = z.infer<typeof Marker>;

/** One line; the operation and the run come first, which is how scripts tell an own one. */
export const renderMarker = (marker: Marker & Claimant): string => {
  const { operation, run, ...rest } = Marker.parse(marker);
  return JSON.stringify({ operation, run, ...rest });
};

/**
 * Shell lines that write a marker: whole or not at all, and on the disk, as a power cut must not unmark the host.
 * @param text from `renderMarker`
 */
export const writeMarkerScript = (text: string): string => `(umask 022; mkdir -p ${markerFile.replace(/\/[^/]*$/, '')})
printf '%s\\n' ${quote(text)} > ${markerFile}.$$
mv -f ${markerFile}.$$ ${markerFile}
sync ${markerFile} 2>/dev/null || sync`;

/** The marker in a text; undefined when it is none, as half a marker proves nothing. */
export const parseMarker = (text: string): Marker | undefined => {
  try {
    return Marker.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/** Whether this run of this operation wrote it. */
export const isMarkerOf = (marker: Partial<Marker> | undefined, { operation, run }: Claimant): boolean =>
  marker?.operation === operation && marker.run === run;

/** Does something only while the marker is this run's own; `kept` when it is not. */
const onOwnMarker = async (host: Host, what: string, own: Claimant, script: string): Promise<'done' | 'kept'> => {
  const text = await execute(
    host,
    what,
    `set -eu
exec 9> /run/quorate.lock
flock -w 30 9
[ -e ${markerFile} ] || { echo done; exit 0; }
grep -qF -e ${quote(ownMarkerStart(own))} ${markerFile} || { echo kept; exit 0; }
${script}
echo done`,
  );
  return text.trim() === 'kept' ? 'kept' : 'done';
};

/**
 * Notes on the host that the run's operation has proven it a member, so that its marker stands for no attempt any more.
 * One that another operation wrote is left as it is.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const concludeMarker = (host: Host, marker: Marker & Claimant): Promise<'done' | 'kept'> =>
  onOwnMarker(
    host,
    'noting the end on the marker',
    marker,
    writeMarkerScript(renderMarker({ ...marker, state: 'joined' })),
  );

/**
 * Removes the run's own marker: the host is nobody's. Done after a reset, not after a join. Another's is left.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const removeMarker = (host: Host, own: Claimant): Promise<'done' | 'kept'> =>
  onOwnMarker(host, 'removing the marker', own, `rm -f -- ${markerFile}`);
