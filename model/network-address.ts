/** An IP address as a number, so that ranges can be compared; no Node built-ins, as this also runs in workflows. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Subnet {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const parseIpv4 = (text: string): bigint | undefined => {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // "010" is refused: some programs read it as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return value;
};

/** The groups of one side of "::", an IPv4 tail counted as two; undefined when one is no group. */
const parseGroups = (text: string): bigint[] | undefined => {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const ipv4 = index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (ipv4 === undefined) return undefined;
      groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(BigInt(`0x${part}`));
    }
  }
  return groups;
};

const parseIpv6 = (text: string): bigint | undefined => {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const head = parseGroups(sides[0] ?? '');
  const tail = sides.length === 2 ? parseGroups(sides[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail].reduce((value, group) => value * 65536n + group, 0n);
};

/** An IPv4 or IPv6 address without port, brackets, zone or prefix length; undefined when the text is none. */
export const parseAddress = (text: string): IpAddress | undefined => {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { family: 4, value: ipv4 };
  const ipv6 = text.includes(':') ? parseIpv6(text) : undefined;
  return ipv6 === undefined ? undefined : { family: 6, value: ipv6 };
};

/** A range such as 10.244.0.0/16; undefined when the text is none. Host bits may be set: they are ignored, as Kubernetes does. */
export const parseSubnet = (text: string): Subnet | undefined => {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  if (match === null || address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  const prefix = Number(match[2]);
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = address.value - (address.value % size);
  return { family: address.family, first, last: first + size - 1n };
};

export const subnetContains = (subnet: Subnet, address: IpAddress): boolean =>
  subnet.family === address.family && subnet.first <= address.value && address.value <= subnet.last;

export const subnetsOverlap = (a: Subnet, b: Subnet): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last;

/** Of two texts of the same address the same; of what is no address the text itself. */
export const addressKey = (text: string): string => {
  const address = parseAddress(text);
  return address === undefined ? text : `IPv${address.family} ${address.value}`;
};

/** An IPv4 address that a socket for both families shows as ::ffff:192.0.2.1, as IPv4; without the zone of a link-local one. */
export const withoutMapping = (text: string): string => text.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');

/** What one network has: an IPv4 address, or the /64 of an IPv6 one, within which a machine has as many as it likes. */
export const addressGroup = (text: string): string => {
  const address = parseAddress(withoutMapping(text));
  if (address === undefined) return text;
  return address.family === 4 ? withoutMapping(text) : `${ipv6Text((address.value >> 64n) << 64n)}/64`;
};

/** The groups of an IPv6 address as RFC 5952 has them: lower case, no leading zeros, the longest run of zeros as `::`. */
const ipv6Text = (value: bigint): string => {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.start === -1) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
};

/**
 * The one spelling of an address, as Kubernetes, etcd and `ip` print it: names that are made of it, such as peer URLs, are
 * compared with theirs. What is no address stays as it is.
 */
export const canonicalAddress = (text: string): string => {
  const address = parseAddress(text);
  return address?.family === 6 ? ipv6Text(address.value) : text;
};

export const sameAddress = (a: string, b: string): boolean => addressKey(a) === addressKey(b);

/** Scheme, address and port of a URL of etcd or an API server, its address spelt in one way. */
const urlKey = (url: string): string => {
  const [, scheme = '', bracketed, plain = '', rest = ''] =
    /^(\w+:\/\/)?(?:\[([^\]]+)\]|([^:/[\]]+))(.*)$/.exec(url) ?? [];
  return `${scheme.toLowerCase()}${addressKey(bracketed ?? plain)}${rest.replace(/\/$/, '')}`;
};

/** Whether two URLs mean the same place, however the addresses in them are spelt: etcd keeps a URL as it was given. */
export const sameUrl = (a: string, b: string): boolean => a === b || urlKey(a) === urlKey(b);

const loopback = ['127.0.0.0/8', '::1/128'] as const;

const unusable = (
  [
    [['0.0.0.0/8', '::/128'], 'is the unspecified address'],
    [loopback, 'is a loopback address, which other hosts cannot reach'],
    [['169.254.0.0/16', 'fe80::/10'], 'is a link-local address'],
    [['224.0.0.0/4', 'ff00::/8'], 'is a multicast address'],
  ] as const
).map(([subnets, because]) => ({
  because,
  subnets: subnets.map(parseSubnet).filter((subnet) => subnet !== undefined),
}));

/** Why an address cannot be a host's address in a cluster; undefined when it can. */
export const unusableAddress = (address: IpAddress): string | undefined =>
  unusable.find(({ subnets }) => subnets.some((subnet) => subnetContains(subnet, address)))?.because;

const loopbackSubnets = loopback.map(parseSubnet).filter((subnet) => subnet !== undefined);

/** Whether a host name or address, such as the `hostname` of a URL, is this machine and nothing else. */
export const isLoopback = (host: string): boolean => {
  const address = parseAddress(host.replace(/^\[(.*)\]$/, '$1'));
  return host === 'localhost' || (address !== undefined && loopbackSubnets.some((one) => subnetContains(one, address)));
};

/** The address as it stands in a URL: IPv6 in brackets. */
export const urlHost = (address: string): string => (address.includes(':') ? `[${address}]` : address);

export interface Endpoint {
  /** IP address without brackets, or DNS name. */
  readonly host: string;
  readonly port: number;
}

const dnsName = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;

/** `host:port` where the host is an IPv4 address, an IPv6 address in brackets, or a DNS name; undefined when the text is none. */
export const parseEndpoint = (text: string): Endpoint | undefined => {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([1-9]\d{0,4})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return undefined;
  const port = Number(match[3]);
  const bracketed = match[1];
  if (bracketed !== undefined) return parseAddress(bracketed)?.family === 6 ? { host: bracketed, port } : undefined;
  const host = match[2] ?? '';
  // All digits and dots but no address ("10.0.0.300") is a typing error, not a DNS name.
  if (parseAddress(host) === undefined && (/^[\d.]+$/.test(host) || !dnsName.test(host))) return undefined;
  return { host, port };
};

/** Whether two spellings mean the same endpoint; a scheme and a trailing slash are ignored, as in a kubeconfig's `server`. */
export const sameEndpoint = (a: string, b: string): boolean => {
  const strip = (text: string): string => text.replace(/^https:\/\//, '').replace(/\/$/, '');
  const withPort = (text: string): Endpoint | undefined =>
    // A URL without port means 443.
    parseEndpoint(strip(text)) ?? (text.startsWith('https://') ? parseEndpoint(`${strip(text)}:443`) : undefined);
  const left = withPort(a);
  const right = withPort(b);
  if (left === undefined || right === undefined) return strip(a) === strip(b);
  return left.port === right.port && sameAddress(left.host.toLowerCase(), right.host.toLowerCase());
};
