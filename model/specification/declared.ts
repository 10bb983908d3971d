import { parseEndpoint, parseSubnet, type Endpoint, type Subnet } from '../network-address.js';
import { isMap, valueAt } from './problem.js';

interface DeclaredHost {
  readonly name: string;
  readonly role: unknown;
  readonly address: string | undefined;
  readonly ssh: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * What a specification declares, as far as it makes sense: checks that span fields run on it even while single fields are
 * wrong, so that an operator sees every problem at once.
 */
export interface Declared {
  readonly hosts: readonly DeclaredHost[];
  readonly endpoint: Endpoint | undefined;
  readonly loadBalancer: { readonly kind: unknown; readonly hosts: readonly unknown[] };
  readonly subnets: readonly { readonly field: string; readonly text: string; readonly subnet: Subnet }[];
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const declaredSubnets = (value: unknown, field: string, otherwise?: string): Declared['subnets'] =>
  (text(valueAt(value, ['spec', 'networking', field])) ?? otherwise ?? '').split(',').flatMap((part) => {
    const subnet = parseSubnet(part.trim());
    return subnet === undefined ? [] : [{ field, text: part.trim(), subnet }];
  });

export const readDeclared = (value: unknown, defaultServiceSubnet: string): Declared => {
  const hosts = valueAt(value, ['spec', 'hosts']);
  const balancers = valueAt(value, ['spec', 'loadBalancer', 'hosts']);
  return {
    hosts: Object.entries(isMap(hosts) ? hosts : {}).map(([name, host]) => {
      const map = isMap(host) ? host : {};
      return {
        name,
        role: map['role'],
        address: text(map['address']),
        ssh: text(map['ssh']) ?? name,
        value: map,
      };
    }),
    endpoint: parseEndpoint(text(valueAt(value, ['spec', 'controlPlaneEndpoint'])) ?? ''),
    loadBalancer: {
      kind: valueAt(value, ['spec', 'loadBalancer', 'kind']),
      hosts: Array.isArray(balancers) ? balancers : [],
    },
    subnets: [...declaredSubnets(value, 'podSubnet'), ...declaredSubnets(value, 'serviceSubnet', defaultServiceSubnet)],
  };
};
