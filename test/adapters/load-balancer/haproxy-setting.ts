import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { haproxyLoadBalancer } from '../../../adapters/load-balancer/haproxy.js';
import type { LoadBalancer } from '../../../adapters/load-balancer/types.js';
import {
  apiServerStub,
  beginTraffic,
  freePort,
  haproxyHost,
  type ApiServerStub,
  type HaproxyHost,
} from './real-haproxy.js';

export const backend = 'kube-apiserver';

/** HAProxy itself, and three API servers behind it. */
export interface Setting {
  readonly host: HaproxyHost;
  readonly balancer: LoadBalancer;
  readonly port: number;
  readonly serverPort: number;
  /** Of cp1, cp2 and cp3, which are UP. HAProxy begins to check them in that order. */
  readonly servers: readonly [ApiServerStub, ApiServerStub, ApiServerStub];
  /** Starts another API server. */
  serve(address: string): Promise<ApiServerStub>;
}

/**
 * For one test; it is gone after it.
 * @param net the API servers are at 127.0.NET.1 and so on, so that no test finds those of another
 */
export const startSetting = async (net: number): Promise<Setting> => {
  const [port, serverPort] = [await freePort(), await freePort()];
  const host = haproxyHost('lb1');
  onTestFinished(() => host.close());
  const balancer = haproxyLoadBalancer({ cluster: 'prod', hosts: [host], port, backend, ipv6: false, serverPort });
  const serve = async (address: string): Promise<ApiServerStub> => {
    const stub = await apiServerStub(address, serverPort);
    onTestFinished(() => stub.close());
    return stub;
  };
  const add = async (index: number): Promise<ApiServerStub> => {
    const stub = await serve(`127.0.${net}.${index}`);
    await balancer.register({ name: `cp${index}`, address: `127.0.${net}.${index}` }, 'enabled');
    await balancer.waitUntilUp(`cp${index}`, { timeoutMs: 10_000 });
    return stub;
  };
  return { host, balancer, port, serverPort, serve, servers: [await add(1), await add(2), await add(3)] };
};

export const statusOf = async (balancer: LoadBalancer, name: string): Promise<string> =>
  (await balancer.describe()).find((one) => one.name === name)?.status ?? 'absent';

export const untilStatus = async (balancer: LoadBalancer, name: string, status: RegExp): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    if (status.test(await statusOf(balancer, name))) return;
    await sleep(100);
  }
  throw new Error(`${name} is not ${String(status)}`);
};

/** cp3 serves, is not ready, and HAProxy has seen it. From now on it takes its time to say so. */
export const loseThird = async ({ balancer, servers: [, , third] }: Setting): Promise<void> => {
  third.ready = false;
  await untilStatus(balancer, 'cp3', /^DOWN/);
  third.readyzMs = 700;
};

/**
 * Traffic from before something is done until a second and 60 connections after it: how many were lost, and requests at
 * each server.
 */
export const underTraffic = async ({ port, servers }: Setting, work: () => Promise<unknown>) => {
  const before = servers.map(({ requests }) => requests);
  const traffic = beginTraffic(port);
  await sleep(150);
  await work();
  const { made } = traffic;
  for (const until = Date.now() + 1000; Date.now() < until || traffic.made < made + 60;) await sleep(50);
  const lost = await traffic.stop();
  return { lost, reached: servers.map(({ requests }, index) => requests - (before[index] ?? 0)) };
};
