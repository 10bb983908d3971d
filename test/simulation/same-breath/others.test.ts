import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signalNumbers } from '../../../lab/simulation/system/signals.js';
import { onConsole, whenPrinted } from '../support/inject.js';
import { decideAndWait } from '../support/product.js';
import { build, changeBefore, changes, finish, halfJoined, isOver, run } from './support.js';
import type { Watched } from './support.js';

describe('what was lent', () => {
  const revokes = /bootstrap-token-\[a-z0-9\]/;

  it.each(['init', 'join-control-plane'] as const)('by people beside an %s is theirs', async (kind) => {
    const isInit = kind === 'init';
    const host = isInit ? 'cp1' : 'cp2';
    const cluster = await build({ controlPlanes: isInit ? 0 : 1, hosts: 2 });
    const { simulation } = cluster;
    const changed = changeBefore(cluster, 'cp1', revokes, async () => {
      await onConsole(simulation, 'cp1', 'kubeadm token create --ttl 0 --description "for a colleague"');
      await onConsole(simulation, 'cp1', 'kubeadm init phase upload-certs --upload-certs');
    });
    await finish(cluster, kind, host);
    expect(changed.times).toBeGreaterThan(0);
    expect(cluster.seen.violations).toEqual([]);
    expect(simulation.observer.secrets().map(({ metadata }) => metadata.name)).toContain('kubeadm-certs');
    // Its own are gone.
    expect(simulation.observer.tokens().filter(({ description }) => description.startsWith('quorate'))).toEqual([]);
  });
});

describe('snapshots', () => {
  it('of people, and the newest, are kept, also when the clock was put back', async () => {
    const cluster = await build({ controlPlanes: 1, hosts: 3, policy: { snapshots: { keep: 1 } } });
    const { simulation } = cluster;
    await finish(cluster, 'join-control-plane', 'cp2');
    const folder = '/var/lib/quorate/snapshots';
    const [first] = simulation.observer.files('cp1', folder).filter((path) => path.endsWith('.db'));
    const changed = changeBefore(cluster, 'cp1', /snapshot save/, async () => {
      simulation.faults.clock('cp1', -30_000);
      await onConsole(
        simulation,
        'cp1',
        `cd ${folder}; echo x > 0-before-migration.db; echo x > 20200101T000000Z-cp9.db`,
      );
    });
    await finish(cluster, 'join-control-plane', 'cp3');
    expect(changed.times).toBe(1);
    expect(cluster.seen.violations).toEqual([]);
    const left = simulation.observer.files('cp1', folder).filter((path) => path.endsWith('.db'));
    expect(left).toEqual(
      expect.arrayContaining(['0-before-migration', '20200101T000000Z-cp9'].map((name) => `${folder}/${name}.db`)),
    );
    expect(left).not.toContain(first);
    expect(left).toHaveLength(3);
  });
});

describe("HAProxy's configuration", () => {
  const writes = /flock -w 30 9 \|\| \{ section changed/;
  const addSpare = ({ simulation }: Watched): Promise<string> => {
    const file = '/etc/haproxy/haproxy.cfg';
    return onConsole(
      simulation,
      'lb1',
      `grep -q "server spare" ${file} || { echo "    server spare 10.203.0.77:6443 disabled" >> ${file}; systemctl reload haproxy; }`,
    );
  };

  it('that somebody has changed since it was read keeps the change', async () => {
    const cluster = await build({});
    const changed = changeBefore(cluster, 'lb1', writes, () => addSpare(cluster));
    await finish(cluster, 'join-control-plane', 'cp2');
    expect(changed.times).toBeGreaterThan(0);
    expect(cluster.seen.violations).toEqual([]);
    const names = (await cluster.simulation.observer.backends('lb1')).map(({ name }) => name);
    expect(names.toSorted()).toEqual(['cp1', 'cp2', 'spare']);
  });
});

describe('on a host', () => {
  it('the marker of another operation is left', async () => {
    const cluster = await build({});
    const outcome = await halfJoined(cluster);
    const change = changes['it carries the marker of another operation'];
    const read = (): string | undefined => cluster.simulation.observer.read('w1', '/var/lib/quorate/marker.json');
    let theirs: string | undefined;
    const changed = changeBefore(cluster, 'w1', /rm -f -- '?\/var\/lib\/quorate\/marker/, async () => {
      await change?.(cluster, 'w1');
      theirs = read();
    });
    await decideAndWait(outcome, 'rollback');
    expect(changed.times).toBeGreaterThan(0);
    expect(read()).toBe(theirs);
  });

  it('a command that was begun since is not stopped as an earlier one', async () => {
    const cluster = await build({});
    const { simulation, harness } = cluster;
    const hangs = new Promise<void>((resolve) => {
      whenPrinted(simulation, 'w1', '[preflight] Running pre-flight checks', () => {
        for (const process of simulation.host('w1').machine.processes.all())
          if (/(^|\/)kubeadm$/.test(process.argv[0] ?? '')) process.kill(signalNumbers.STOP);
        resolve();
      });
    });
    const handle = await harness.start(cluster.context('join-worker', 'w1'));
    await hangs;
    await handle.terminate('somebody pressed the wrong button');
    const units: string[] = [];
    const changed = changeBefore(cluster, 'w1', /LC_ALL=C; (if listed=\$\()?systemctl list-units/, async () => {
      units.push(`quorate-join-${randomBytes(6).toString('hex')}`);
      await onConsole(simulation, 'w1', `systemd-run --unit=${units.at(-1)} sleep 600`);
    });
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect((await onConsole(simulation, 'w1', `systemctl is-active ${units.at(-1)} || true`)).trim()).toBe('active');
  });
});
