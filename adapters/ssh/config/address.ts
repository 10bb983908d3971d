import { isIPv6, SocketAddress } from 'node:net';

const numberOf = (text: string): number | undefined => {
  if (/^0x[\da-f]+$/i.test(text)) return parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
};

/** An IPv4 address in any of the spellings of inet_aton(3), such as `127.1`. */
const ipv4Of = (text: string): string | undefined => {
  const numbers = text.split('.').map(numberOf);
  const last = numbers.pop();
  if (last === undefined || numbers.length > 3 || last >= 256 ** (4 - numbers.length)) return undefined;
  const count = 4 - numbers.length;
  const bytes = Array.from({ length: count }, (_, index) => Math.floor(last / 256 ** (count - 1 - index)) % 256);
  const all = [...numbers, ...bytes];
  return all.every((byte) => byte !== undefined && byte < 256) ? all.join('.') : undefined;
};

/**
 * The canonical spelling of an address, under which `ssh` looks it up in known_hosts: `FD00:0::1` is `fd00::1`.
 * Undefined for what is no address, or none of the family that is wanted (AddressFamily: `inet`, `inet6`).
 */
export const canonicalAddress = (text: string, family = 'any'): string | undefined => {
  const [address = '', ...zone] = text.split('%');
  if (!isIPv6(address)) return zone.length === 0 && family !== 'inet6' ? ipv4Of(text) : undefined;
  if (family === 'inet') return undefined;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return [canonical, ...zone].join('%');
};
