import type { FastifyInstance } from 'fastify';
import {
  addressGroup,
  parseAddress,
  parseSubnet,
  subnetContains,
  withoutMapping,
} from '../../model/network-address.js';
import type { Limits } from './options.js';
import { ApiProblem } from './problems/api-problem.js';

/** Whether an address is one of those, which are addresses or subnets. */
export const isAmong = (proxies: readonly string[]): ((address: string) => boolean) => {
  const subnets = proxies
    .map((proxy) => parseSubnet(proxy.includes('/') ? proxy : `${proxy}/${proxy.includes(':') ? 128 : 32}`))
    .filter((subnet) => subnet !== undefined);
  return (text) => {
    const address = parseAddress(withoutMapping(text));
    return address !== undefined && subnets.some((subnet) => subnetContains(subnet, address));
  };
};

/**
 * Bounds the requests that one client has under way through a proxy as connections bound those of who comes without one: a
 * connection of a proxy is nobody's in particular.
 */
export const limitProxied = (
  app: FastifyInstance,
  isProxy: (address: string) => boolean,
  { connectionsPerAddress }: Pick<Limits, 'connectionsPerAddress'>,
): void => {
  const underWay = new Map<string, number>();
  app.addHook('onRequest', async (request, reply) => {
    const { remoteAddress = '' } = request.raw.socket;
    if (!isProxy(remoteAddress) || request.ip === remoteAddress) return;
    const client = addressGroup(request.ip);
    const own = underWay.get(client) ?? 0;
    if (own >= connectionsPerAddress) {
      throw new ApiProblem('too-many-requests', `${own} requests from ${request.ip} are under way.`, {
        remedy: 'Wait for their answers. The option --max-connections-per-address of `quorate server` is the limit.',
        headers: { 'retry-after': '1' },
      });
    }
    underWay.set(client, own + 1);
    reply.raw.once('close', () => {
      const left = (underWay.get(client) ?? 1) - 1;
      if (left === 0) underWay.delete(client);
      else underWay.set(client, left);
    });
  });
};
