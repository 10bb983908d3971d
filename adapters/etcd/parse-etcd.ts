import { z } from 'zod';
import type { EtcdFacts, EtcdMember } from '../../model/facts/cluster-facts.js';
import { parseJson } from '../script/parse-json.js';
import type { Host } from '../ssh/types.js';

/** Who answered: etcd's HTTP gateway, which prints IDs as decimal strings, or etcdctl. */
export type Source = 'gateway' | 'etcdctl';

/**
 * IDs are uint64, which JSON.parse would round: those that are decimal become strings that say so. etcdctl prints them as
 * numbers; with `--hex` those of the member list are hexadecimal strings from 3.5 on, but not those of the status.
 */
const tagIds = (json: string, source: Source): string =>
  json.replaceAll(
    source === 'gateway' ? /("(?:ID|member_id|leader)"\s*:\s*)"?(\d+)"?/g : /("(?:ID|member_id|leader)"\s*:\s*)(\d+)/g,
    '$1"decimal:$2"',
  );

const Id = z
  .string()
  .regex(/^(decimal:\d{1,20}|[0-9a-fA-F]{1,16})$/)
  .transform((id) => (id.startsWith('decimal:') ? BigInt(id.slice(8)).toString(16) : id.toLowerCase()));

// etcd leaves out keys that are false or empty: no name means never started, no isLearner means voter.
const MemberList = z.object({
  members: z.array(
    z.object({
      ID: Id,
      name: z.string().optional(),
      peerURLs: z.array(z.string()).default([]),
      clientURLs: z.array(z.string()).default([]),
      isLearner: z.boolean().default(false),
    }),
  ),
});

const count = z.coerce.number().default(0);
const Status = z.object({
  header: z.object({ member_id: Id }),
  version: z.string().default(''),
  dbSize: count,
  leader: Id.optional(),
  raftIndex: count,
  raftAppliedIndex: count,
  errors: z.array(z.string()).default([]),
});
type Status = z.infer<typeof Status>;

/** What etcdctl prints around each status. */
const StatusList = z.array(z.object({ Status }));

const statusesOf = (host: Host, text: string, source: Source): Status[] => {
  if (text.trim() === '' || text.trim() === 'null') return [];
  if (source === 'etcdctl') {
    return parseJson(StatusList, tagIds(text, source), 'etcdctl endpoint status', host).map((entry) => entry.Status);
  }
  // One line for each endpoint: its status, or why it gave none.
  return text.split('\n').flatMap((line) => {
    const status = /"member_id"/.test(line) ? parseJson(Status, tagIds(line, source), 'etcd status', host) : undefined;
    return status === undefined ? [] : [status];
  });
};

const alarmLine = /^memberID:(\d+)\s+alarm:(\w+)\s*$/;

/** Every member reports the alarms of all of them among its errors. */
const alarmsOf = (errors: readonly string[], members: EtcdFacts['members']): string[] => {
  const alarms = errors.flatMap((error) => {
    const [, decimal, alarm] = alarmLine.exec(error) ?? [];
    if (decimal === undefined || alarm === undefined) return [];
    const id = BigInt(decimal).toString(16);
    return [`${alarm} of ${members.find((member) => member.id === id)?.name ?? id}`];
  });
  return [...new Set(alarms)].toSorted();
};

/**
 * Members and alarms.
 * @param memberList the answer of `/v3/cluster/member/list`, or of `etcdctl member list -w json --hex`
 * @param statuses the answers of `/v3/maintenance/status`, one line each, or of `etcdctl endpoint status -w json`
 * @throws QuorateError CommandFailed
 */
export const parseEtcd = (
  host: Host,
  source: Source,
  memberList: string,
  statuses: string,
): Pick<EtcdFacts, 'members' | 'alarms'> => {
  const list = parseJson(MemberList, tagIds(memberList, source), 'etcd member list', host).members;
  const found = statusesOf(host, statuses, source);
  const members = list.map(({ ID: id, name, peerURLs, clientURLs, isLearner }): EtcdMember => {
    const status = found.find(({ header }) => header.member_id === id);
    return {
      id,
      ...(name === undefined || name === '' ? {} : { name }),
      peerUrls: peerURLs,
      clientUrls: clientURLs,
      isLearner,
      ...(status === undefined
        ? {}
        : {
            status: {
              isLeader: status.leader === id,
              version: status.version,
              dbSizeBytes: status.dbSize,
              raftIndex: status.raftIndex,
              raftAppliedIndex: status.raftAppliedIndex,
              errors: status.errors,
            },
          }),
    };
  });
  const errors = found.flatMap((status) => status.errors);
  return { members, alarms: alarmsOf(errors, members) };
};
