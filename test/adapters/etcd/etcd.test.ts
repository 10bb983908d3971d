import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { moveLeader, removeMember } from '../../../adapters/etcd/change-members.js';
import { readEtcd } from '../../../adapters/etcd/read-etcd.js';
import { isHealthyVoter } from '../../../model/facts/cluster-facts.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

let host: ShellHost;
const forget = new Set<string>();
beforeEach(() => {
  forget.clear();
  host = shellHost({
    name: 'cp1',
    // Programs that this host shall not have, whatever the machine has.
    rewrite: (script, folder) =>
      [...forget].reduce(
        (text, program) => text.replaceAll(`command -v ${program} `, 'false '),
        script.replaceAll('/var/lib/', `${folder}/var/lib/`),
      ),
  });
  mkdirSync(join(host.folder, 'var/lib/etcd'), { recursive: true });
  for (const program of ['etcdctl', 'etcdutl', 'crictl', 'ctr', 'curl']) host.program(program, 'exit 127');
});
afterEach(() => host.close());

const put = (file: string, content: string): void => writeFileSync(join(host.folder, file), content);
const read = (file: string): string => readFileSync(join(host.folder, file), 'utf8');

// Printed by etcd 3.7.0: two voters of which one is down, a learner, and a member that never started.
const gatewayMembers = `{"header":{"cluster_id":"4804716392546183363", "member_id":"18315060670035850609", "raft_term":"2"}, "members":[{"ID":"5204645301544198517", "name":"cp3", "peerURLs":["https://10.0.0.13:2380"], "clientURLs":["https://10.0.0.13:2379"], "isLearner":true}, {"ID":"443629905751424238", "name":"cp2", "peerURLs":["https://10.0.0.12:2380"], "clientURLs":["https://10.0.0.12:2379"]}, {"ID":"18315060670035850609", "name":"cp1", "peerURLs":["https://10.0.0.11:2380"], "clientURLs":["https://10.0.0.11:2379"]}, {"ID":"65535", "peerURLs":["https://10.0.0.99:2380"]}]}`;
const gatewayStatus = (id: string, more = ''): string =>
  `{"header":{"cluster_id":"4804716392546183363", "member_id":"${id}", "revision":"618", "raft_term":"2"}, "version":"3.7.0", "dbSize":"598016", "leader":"18315060670035850609", "raftIndex":"783", "raftTerm":"2", "raftAppliedIndex":"782"${more}}`;
const expected = {
  askedAt: 'cp1',
  members: [
    { id: '483a9d538c72a175', name: 'cp3', isLearner: true, status: { isLeader: false } },
    { id: '628170c800dbcee', name: 'cp2', isLearner: false },
    {
      id: 'fe2c2aa45d36f571',
      name: 'cp1',
      peerUrls: ['https://10.0.0.11:2380'],
      clientUrls: ['https://10.0.0.11:2379'],
      isLearner: false,
      status: {
        isLeader: true,
        version: '3.7.0',
        dbSizeBytes: 598016,
        raftIndex: 783,
        raftAppliedIndex: 782,
        errors: [],
      },
    },
    { id: 'ffff', clientUrls: [], isLearner: false },
  ],
};

/** etcd's gateway: member list for those who ask for it like that, and the status of cp1 and cp3. */
const withGateway = (options: { quorum?: boolean; errors?: string; own?: string } = {}): void => {
  put('members', gatewayMembers);
  put('own', options.own ?? gatewayMembers);
  put('cp1', gatewayStatus('18315060670035850609', options.errors ?? ''));
  put('cp3', gatewayStatus('5204645301544198517'));
  host.program(
    'curl',
    `for last; do :; done
case "$* " in
  *'"linearizable":true'*) ${options.quorum === false ? 'exit 28' : 'cat "$FOLDER/members"'} ;;
  *'"linearizable":false'*) cat "$FOLDER/own" ;;
  *10.0.0.11:2379/v3/maintenance/status*) cat "$FOLDER/cp1" ;;
  *10.0.0.13:2379/v3/maintenance/status*) cat "$FOLDER/cp3" ;;
  *) exit 7 ;;
esac`,
  );
};

describe('reading', () => {
  test("members and their status by etcd's gateway; etcdctl is not started", async () => {
    withGateway();
    const facts = await readEtcd(host);
    expect(facts).toMatchObject(expected);
    expect(facts.alarms).toEqual([]);
    expect(facts.members[1]).not.toHaveProperty('status');
    expect(facts.members[3]).not.toHaveProperty('name');
    expect(facts.members.map(isHealthyVoter)).toEqual([false, false, true, false]);
  });

  test("without a quorum the member's own copy is read, and the alarms say so", async () => {
    withGateway({ quorum: false, errors: ', "errors":["etcdserver: no leader"]' });
    const facts = await readEtcd(host);
    expect(facts.members).toHaveLength(4);
    expect(facts.members[2]?.status?.errors).toEqual(['etcdserver: no leader']);
    expect(facts.alarms).toEqual(['no quorum: the member list is one member’s own copy']);
  });

  test('the list that a quorum agrees on counts, not the copy of a member that lags behind', async () => {
    withGateway({ own: '{"header":{},"members":[{"ID":"1","name":"cp1","clientURLs":["https://10.0.0.11:2379"]}]}' });
    expect(await readEtcd(host)).toMatchObject({ ...expected, alarms: [] });
  });

  test('a quorum that is lost holds nothing up: the statuses are asked for meanwhile', async () => {
    withGateway({ quorum: false });
    const curl = read('bin/curl');
    host.program(
      'curl',
      curl
        .replace(
          'exit 28',
          'for _ in $(seq 100); do [ ! -e "$FOLDER/asked" ] || exit 28; sleep 0.1; done; cat "$FOLDER/members"',
        )
        .replace('cat "$FOLDER/cp1"', 'touch "$FOLDER/asked"; cat "$FOLDER/cp1"'),
    );
    expect((await readEtcd(host)).alarms).toEqual(['no quorum: the member list is one member’s own copy']);
  });

  test('an alarm that every member reports is named once, with its member', async () => {
    withGateway({
      errors: ', "errors":["memberID:443629905751424238  alarm:NOSPACE", "memberID:65535 alarm:CORRUPT "]',
    });
    expect((await readEtcd(host)).alarms).toEqual(['CORRUPT of ffff', 'NOSPACE of cp2']);
  });

  test('an etcd that does not run is EtcdUnavailable at once', async () => {
    host.program('curl', 'exit 7');
    host.program('etcdctl', 'touch "$FOLDER/started"');
    await expect(readEtcd(host)).rejects.toMatchObject({ type: 'EtcdUnavailable' });
    expect(existsSync(join(host.folder, 'started'))).toBe(false);
  });

  // With --hex, as etcd 3.7.0 prints it, and without, as 3.4.
  const list = (id: (decimal: string) => string): string =>
    `{"header":{"cluster_id":4804716392546183363},"members":[{"ID":${id('5204645301544198517')},"name":"cp3","peerURLs":["https://10.0.0.13:2380"],"clientURLs":["https://10.0.0.13:2379"],"isLearner":true},{"ID":${id('443629905751424238')},"name":"cp2","peerURLs":["https://10.0.0.12:2380"],"clientURLs":["https://10.0.0.12:2379"]},{"ID":${id('18315060670035850609')},"name":"cp1","peerURLs":["https://10.0.0.11:2380"],"clientURLs":["https://10.0.0.11:2379"]},{"ID":${id('65535')},"peerURLs":["https://10.0.0.99:2380"]}]}`;
  const status = (decimal: string): string =>
    `{"Endpoint":"https://x:2379","Status":{"header":{"cluster_id":4804716392546183363,"member_id":${decimal},"revision":618,"raft_term":2},"version":"3.7.0","dbSize":598016,"leader":18315060670035850609,"raftIndex":783,"raftTerm":2,"raftAppliedIndex":782}}`;
  const withEtcdctl = (members: string): void => {
    put('members', members);
    put('statuses', `[${status('18315060670035850609')},${status('5204645301544198517')}]`);
    host.program(
      'etcdctl',
      `echo "$*" >> "$FOLDER/log"; case "$*" in *'member list'*) cat "$FOLDER/members" ;; *'endpoint status'*) cat "$FOLDER/statuses"; exit 1 ;; esac`,
    );
  };

  test.each([
    ['hexadecimal', (decimal: string) => `"${BigInt(decimal).toString(16)}"`],
    ['decimal numbers', (decimal: string) => decimal],
  ])('by etcdctl where there is no gateway, IDs as %s', async (_, id) => {
    host.program('curl', 'echo "404 page not found"');
    withEtcdctl(list(id));
    expect(await readEtcd(host)).toMatchObject({ ...expected, alarms: [] });
    expect(read('log')).toContain('--endpoints=https://10.0.0.11:2379,https://10.0.0.12:2379,https://10.0.0.13:2379');
  });

  test('by the etcdctl in the etcd container where the host has none: crictl, or ctr', async () => {
    forget.add('curl').add('etcdctl');
    withEtcdctl(list((decimal) => decimal));
    host.program('crictl', '[ "$1" = ps ] && echo c1 && exit; echo "$1 $2" >> "$FOLDER/inside"; shift 2; exec "$@"');
    expect(await readEtcd(host)).toMatchObject(expected);
    expect(read('inside')).toBe('exec c1\nexec c1\n');
    forget.add('crictl');
    host.program(
      'ctr',
      `case "$*" in
*'containers ls'*) echo c0; echo c2 ;;
*'tasks ls'*) printf 'TASK PID STATUS\\nc0 7 STOPPED\\nc2 8 RUNNING\\n' ;;
*'tasks exec'*) echo "$6 $7" >> "$FOLDER/inside"; shift 7; exec "$@" ;;
esac`,
    );
    expect(await readEtcd(host)).toMatchObject(expected);
    expect(read('inside')).toMatch(/quorate-[0-9a-f-]{36} c2\n$/);
  });

  test('neither etcdctl nor a container is EtcdUnavailable', async () => {
    for (const program of ['curl', 'etcdctl', 'crictl', 'ctr']) forget.add(program);
    await expect(readEtcd(host)).rejects.toMatchObject({ type: 'EtcdUnavailable' });
  });
});

describe('changing members', () => {
  const member = { id: 'ffff', name: 'cp3', peerUrls: ['https://10.0.0.13:2380'], clientUrls: [], isLearner: false };
  const listed = 'ffff, started, cp3, https://10.0.0.13:2380, https://10.0.0.13:2379, false';
  /** etcdctl as it lists members, and what it answers to a removal. */
  const answering = (list: string, removal: string): void =>
    host.program(
      'etcdctl',
      `echo "$*" >> "$FOLDER/log"; case "$*" in *'member list'*) printf '%s\\n' '${list}' ;; *) ${removal} ;; esac`,
    );
  const retry = '{"level":"warn","msg":"retrying of unary invoker failed","error":"rpc error: code = Unavailable"}';
  test.each([
    ['etcdserver: unhealthy cluster', 'EtcdUnhealthy'],
    ['etcdserver: re-configuration failed due to not enough started members', 'QuorumAtRisk'],
    ['context deadline exceeded', 'EtcdUnavailable'],
    ['etcdserver: no leader', 'EtcdUnavailable'],
    ['something new', 'CommandFailed'],
  ])('a removal that etcd answers with "%s" is %s', async (message, type) => {
    answering(listed, `echo '${retry}' >&2; echo 'Error: ${message}' >&2; exit 1`);
    await expect(removeMember(host, member)).rejects.toMatchObject({
      type,
      message: expect.stringContaining(message) as string,
    });
  });

  test('the evidence leaves out what the client logged for each try', async () => {
    answering(listed, `echo '${retry}' >&2; echo 'Error: etcdserver: unhealthy cluster' >&2; exit 1`);
    await expect(removeMember(host, member)).rejects.toMatchObject({
      details: { evidence: ['Error: etcdserver: unhealthy cluster'] },
    });
  });

  test('a member that is gone is removed', async () => {
    answering(listed, `echo 'Error: etcdserver: member not found' >&2; exit 1`);
    await removeMember(host, member);
    answering('fe2c, started, cp1, https://10.0.0.11:2380, https://10.0.0.11:2379, false', 'exit 1');
    await removeMember(host, member);
  });

  describe('R4: a member goes only while it is what was projected', () => {
    const removed = (): boolean => read('log').includes('member remove ffff');
    const line = (of: { status?: string; name?: string; peers?: string; clients?: string; learner?: boolean } = {}) =>
      [
        'ffff',
        of.status ?? 'started',
        of.name ?? 'cp3',
        of.peers ?? 'https://10.0.0.13:2380',
        of.clients ?? 'https://10.0.0.13:2379',
        String(of.learner ?? false),
      ].join(', ');
    const others =
      'fe2c, started, cp1, https://10.0.0.11:2380, https://10.0.0.11:2379, false\n1ffff, started, cp2, https://10.0.0.12:2380, https://10.0.0.12:2379, false\n';

    test.each([
      ['a voter', member, line()],
      ['a learner', { ...member, isLearner: true }, line({ learner: true })],
      [
        'one that has not started',
        { id: 'ffff', peerUrls: ['https://10.0.0.13:2380'], clientUrls: [], isLearner: true },
        line({ status: 'unstarted', name: '', clients: '', learner: true }),
      ],
      [
        'one of several peer URLs',
        { ...member, peerUrls: ['https://10.0.0.13:2380', 'https://[2001:db8::3]:2380'] },
        line({ peers: 'https://10.0.0.13:2380,https://[2001:db8::3]:2380' }),
      ],
      ['one with an odd name', { ...member, name: `cp3's "x" $HOME` }, line({ name: `cp3'\\''s "x" $HOME` })],
    ])('%s', async (_, of, listed) => {
      answering(others + listed, 'echo removed');
      await removeMember(host, of);
      expect(removed()).toBe(true);
    });

    test.each([
      ['was promoted', { ...member, isLearner: true }, line(), 'cp3 https://10.0.0.13:2380 false'],
      [
        'has started',
        { id: 'ffff', peerUrls: ['https://10.0.0.13:2380'], clientUrls: [], isLearner: true },
        line({ learner: true }),
        'cp3 https://10.0.0.13:2380 true',
      ],
      ['has another peer URL', member, line({ peers: 'https://10.0.0.77:2380' }), 'cp3 https://10.0.0.77:2380 false'],
      ['has another name', member, line({ name: 'cp4' }), 'cp4 https://10.0.0.13:2380 false'],
    ])('not one that %s', async (_, of, listed, is) => {
      answering(others + listed, 'echo removed');
      const error: unknown = await removeMember(host, of).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        type: 'ChangedSinceCheck',
        message: expect.stringMatching(
          /^etcd member .* is no longer what was projected; it was not removed$/,
        ) as string,
        details: { host: 'cp1', evidence: [expect.stringMatching(/^was: /), `is: ${is}`] },
      });
      expect(removed()).toBe(false);
    });

    test('not where etcd does not list its members', async () => {
      host.program(
        'etcdctl',
        'echo "$*" >> "$FOLDER/log"; case "$*" in *list*) echo "Error: context deadline exceeded" >&2; exit 1 ;; esac',
      );
      await expect(removeMember(host, member)).rejects.toMatchObject({ type: 'EtcdUnavailable' });
      expect(removed()).toBe(false);
    });
  });

  test('an id that is no id is refused before anything runs', async () => {
    await expect(removeMember(host, { ...member, id: 'ffff; reboot' })).rejects.toThrow(TypeError);
    await expect(moveLeader(host, ['https://10.0.0.11:2379'], '')).rejects.toThrow(TypeError);
  });

  test('the leadership is moved by the leader', async () => {
    host.program('etcdctl', 'echo "$*" >> "$FOLDER/log"');
    await moveLeader(host, ['https://10.0.0.11:2379'], 'fe2c2aa45d36f571');
    expect(read('log')).toMatch(/--endpoints=https:\/\/10.0.0.11:2379 .*move-leader fe2c2aa45d36f571\n/);
  });
});
