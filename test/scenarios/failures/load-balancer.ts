import { expect } from 'vitest';
import { eventually } from '../eventually.js';
import { expectAllJoined } from '../expect.js';
import { onConsole } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Site } from '../site.js';

const socket = 'socat - UNIX-CONNECT:/run/haproxy/admin.sock';

/** What the running process of HAProxy is, and how often it chose a server since it began. */
const chosen = async (site: Site, server: string): Promise<{ readonly process: string; readonly times: number }> => {
  const said = await onConsole(site, 'lb1', `echo 'show info;show stat' | ${socket}`);
  const lines = said.split('\n');
  const column =
    lines
      .find((line) => line.startsWith('# pxname'))
      ?.slice(2)
      .split(',')
      .indexOf('lbtot') ?? -1;
  const row = lines.find((line) => line.startsWith(`kube-apiserver,${server},`))?.split(',');
  return { process: /^Pid: (\d+)$/m.exec(said)?.[1] ?? '', times: Number(row?.[column]) };
};

const untilStatus = (site: Site, server: string, status: RegExp): Promise<void> =>
  eventually(`lb1 sees ${server} as ${String(status)}`, async () => {
    const found = (await site.observer.backends()).find(({ name }) => name === server);
    return status.test(found?.status ?? '');
  });

/** One connection through the endpoint after the other, from a host that is not in the cluster, while something is done and for at least sixty. */
const underTraffic = async (site: Site, work: () => Promise<unknown>): Promise<void> => {
  const { host, port } = endpointOf(site);
  const traffic = onConsole(
    site,
    'w1',
    `rm -f /run/enough; n=0; while [ ! -e /run/enough ] || [ $n -le 60 ]; do curl -sk -m 5 -o /dev/null https://${host}:${port}/readyz; n=$((n + 1)); done; echo $n`,
  );
  try {
    await work();
  } finally {
    await onConsole(site, 'w1', ': > /run/enough');
  }
  expect(Number(await traffic)).toBeGreaterThan(60);
};

const endpointOf = ({ specification }: Site): { readonly host: string; readonly port: string } => {
  const [host = '', port = ''] = specification.spec.controlPlaneEndpoint.split(':');
  return { host, port };
};

export const loadBalancer: readonly Scenario[] = [
  scenario(
    'R20: an API server that is DOWN gets no connection from a HAProxy that reloads or starts again',
    { controlPlanes: 2, hosts: 3 },
    async (site) => {
      await site.faults.oneWay('lb1', 'cp2');
      await untilStatus(site, 'cp2', /^DOWN/);
      const before = await chosen(site, 'cp2');

      await underTraffic(site, () => site.finish('join-control-plane', 'cp3'));
      const reloaded = await chosen(site, 'cp2');
      expect(reloaded.process).not.toBe(before.process);
      expect(reloaded.times).toBe(0);

      await underTraffic(site, async () => {
        await onConsole(site, 'lb1', 'systemctl restart haproxy');
        await untilStatus(site, 'cp1', /^UP$/);
      });
      const restarted = await chosen(site, 'cp2');
      expect(restarted.process).not.toBe(reloaded.process);
      expect(restarted.times).toBe(0);

      await site.faults.clear();
      await untilStatus(site, 'cp2', /^UP$/);
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2', 'cp3'] });
    },
  ),
];
