import { QuorateError } from '../../model/failures/failure.js';
import { newMark, parseSections } from '../script/sections.js';
import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';

/** An operation and the run of it, as the marker on a host names them. */
export interface Claimant {
  readonly operation: string;
  /** Temporal's id of the run: a reset of the workflow, or the same id begun again, is another one. */
  readonly run: string;
}

/** What a destructive command compares on the host, in the script in which it acts. */
export interface Guard {
  /** Lines that were seen when the host was checked (`HostFacts.identity`); a line that is new refuses the command. */
  readonly identity: readonly string[];
  /** Its own marker is no surprise. */
  readonly own: Claimant;
}

/** What kubeadm writes only when it makes a node, so that a new time or inode means another node. */
const nodeFiles = [
  'pki/ca.crt',
  'admin.conf',
  'super-admin.conf',
  'kubelet.conf',
  'bootstrap-kubelet.conf',
  'controller-manager.conf',
  'scheduler.conf',
].map((file) => `etc/kubernetes/${file}`);

/**
 * Shell function `whose` that prints what tells whose the host is, one line each; paths are relative to `/`. etcd changes
 * the time of its folder at each start, so that its inode and time of birth stand for it (0 where the file system has none).
 */
export const identityFunction = `whose() {
  for file in etc/machine-id var/lib/quorate/marker.json; do
    value=
    [ ! -r "$file" ] || IFS= read -r value <"$file" || :
    [ -z "$value" ] || printf '/%s %s\\n' "$file" "$value"
  done
  stat -L -c '/%n %i:%.3Y:%s' ${nodeFiles.join(' ')} 2>/dev/null || :
  stat -L -c '/%n %i:%W' var/lib/etcd/member 2>/dev/null || :
}`;

/** How a marker of ours begins, as `renderMarker` writes it. */
export const ownMarkerStart = ({ operation, run }: Claimant): string => JSON.stringify({ operation, run }).slice(0, -1);

/**
 * Shell lines that end the script, with a line `<mark> differs` and what is new, when the host is not the one that was
 * checked: another machine, another marker, another node. What has gone meanwhile is no difference, so that a command
 * that was cut off half-way can be done again. Changes the working directory to `/`.
 */
export const guardScript = (mark: string, { identity, own }: Guard): string => {
  const machine = identity.find((line) => line.startsWith('/etc/machine-id '));
  return `cd / || exit 1
${identityFunction}
seen=${quote(identity.join('\n'))}
new=$(whose | grep -vF -e ${quote(ownMarkerStart(own))} | grep -vxF -e "$seen" || :)
${machine === undefined ? '' : `whose | grep -qxF -e ${quote(machine)} || new="$new\nno ${machine.slice(1)}"`}
[ -z "$new" ] || { printf '\\n%s differs\\n%s\\n' ${mark} "$new"; exit 0; }
`;
};

const shown = (line: string): string => line.slice(0, 200);

/**
 * The error of a guard that refused: nothing was done.
 * @param text what the script printed after `differs`
 */
export const changedSinceCheck = (host: Host | string, what: string, text: string): QuorateError => {
  const name = typeof host === 'string' ? host : host.name;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return new QuorateError(
    'ChangedSinceCheck',
    `${name} is no longer what was checked: ${shown(lines[0] ?? 'it differs')}; ${what} was not begun`,
    {
      host: name,
      remedy: `the operation reads ${name} and the cluster again by itself; when it blocks, see who else works on ${name}, then retry`,
      evidence: lines.map((line) => `new: ${shown(line)}`),
    },
  );
};

/**
 * Sees that the host is still what was checked, for a change that is made elsewhere, as of the host's etcd member.
 * @throws QuorateError ChangedSinceCheck, Unreachable, CommandFailed
 */
export const requireUnchanged = async (host: Host, what: string, guard: Guard): Promise<void> => {
  const mark = newMark();
  const text = await execute(host, 'seeing that the host is what was checked', guardScript(mark, guard));
  const differs = parseSections(text, mark).get('differs');
  if (differs !== undefined) throw changedSinceCheck(host, what, differs);
};
