import { z } from 'zod';
import type { EtcdFacts, EtcdMember } from '../../model/cluster-facts.js';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import type { Host } from '../ssh/types.js';
import { etcdctlPrelude } from './etcdctl.js';
import { runEtcdctl } from './failures.js';

// IDs are uint64 and would be rounded by JSON.parse: `--hex` prints them as strings (3.5 on); older ones are quoted here.
const quoteIds = (json: string): string =>
  json.replace(/("(?:ID|member_id|cluster_id|leader|memberID|raft_term)"\s*:\s*)(\d+)/g, '$1"$2"');

const hexId = z.string().transform((id) => (/^\d{17,20}$/.test(id) ? BigInt(id).toString(16) : id.toLowerCase()));

const MemberList = z.object({
  members: z.array(
    z.object({
      ID: hexId,
      // etcd leaves out keys that are false or empty: no name means never started, no isLearner means voter.
      name: z.string().optional(),
      peerURLs: z.array(z.string()).default([]),
      clientURLs: z.array(z.string()).default([]),
      isLearner: z.boolean().default(false),
    }),
  ),
});

const StatusList = z.array(
  z.object({
    Endpoint: z.string(),
    Status: z.object({
      header: z.object({ member_id: hexId }),
      version: z.string().default(''),
      dbSize: z.number().default(0),
      leader: hexId.optional(),
      raftIndex: z.number().default(0),
      raftAppliedIndex: z.number().default(0),
      errors: z.array(z.string()).default([]),
    }),
  }),
);

// The member list wants a quorum; without one every member still answers from its own copy.
const readScript = (mark: string): string => `${etcdctlPrelude}
t=$(mktemp -d) && trap 'rm -rf "$t"' EXIT
list() { etcdctl $e --endpoints="$endpoint" --command-timeout="$1" $2 member list -w json --hex; }
etcdctl $e --endpoints="$endpoint" --command-timeout=3s alarm list > "$t/alarms" 2>/dev/null & alarms=$!
consistent=yes
list 4s '' > "$t/members" 2> "$t/err" || { consistent=no; list 3s --consistency=s > "$t/members" 2> "$t/err" || { cat "$t/err" >&2; exit 1; }; }
endpoints=$(tr ',{}[]' '\\n\\n\\n\\n\\n' < "$t/members" | sed -n 's/^"clientURLs"://p; s/^"\\(https:[^"]*\\)"$/\\1/p' | grep ':2379' | tr -d '"' | sort -u | tr '\\n' ',')
: > "$t/status"
if [ -n "$endpoints" ]; then etcdctl $e --endpoints="\${endpoints%,}" --command-timeout=3s --dial-timeout=2s endpoint status -w json --hex > "$t/status" 2>/dev/null || true; fi
wait $alarms || true
printf '\\n%s consistent\\n%s\\n' ${mark} $consistent
for part in members status alarms; do printf '\\n%s %s\\n' ${mark} $part; cat "$t/$part"; done`;

/**
 * Members with the status of each, and alarms, asked at the local member of a control-plane host; one command.
 * A member whose endpoint does not answer within 3 s has no `status`. Without a quorum the list is the member's own copy.
 * @throws QuorateError EtcdUnavailable when the local member does not answer; Unreachable, CommandFailed
 */
export const readEtcd = async (host: Host): Promise<EtcdFacts> => {
  const mark = newMark();
  const stdout = await runEtcdctl(host, 'reading the etcd members', readScript(mark), { timeoutMs: 25_000 });
  const sections = parseSections(stdout, mark);
  const { members } = parseJson(MemberList, quoteIds(sections.get('members') ?? ''), 'etcdctl member list', host);
  const statusText = (sections.get('status') ?? '').trim();
  const statuses =
    statusText === '' || statusText === 'null'
      ? []
      : parseJson(StatusList, quoteIds(statusText), 'etcdctl endpoint status', host);
  const statusOf = (id: string): EtcdMember['status'] => {
    const found = statuses.find(({ Status }) => Status.header.member_id === id)?.Status;
    if (found === undefined) return undefined;
    return {
      isLeader: found.leader === id,
      version: found.version,
      dbSizeBytes: found.dbSize,
      raftIndex: found.raftIndex,
      raftAppliedIndex: found.raftAppliedIndex,
      errors: found.errors,
    };
  };
  return {
    askedAt: host.name,
    members: members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => {
      const status = statusOf(ID);
      return {
        id: ID,
        ...(name === undefined || name === '' ? {} : { name }),
        peerUrls: peerURLs,
        clientUrls: clientURLs,
        isLearner,
        ...(status === undefined ? {} : { status }),
      };
    }),
    alarms: [
      ...(sections.get('alarms') ?? '')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
      ...((sections.get('consistent') ?? '').trim() === 'no'
        ? ['no quorum: the member list is one member’s own copy']
        : []),
    ],
  };
};
