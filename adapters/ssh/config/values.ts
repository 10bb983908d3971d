import { readFileSync } from 'node:fs';

/** A port by number, or by its name in /etc/services; undefined for what is neither. */
export const parsePort = (text: string): number | undefined => {
  if (/^\s*[+]?\d+$/.test(text)) {
    const port = Number(text);
    return port > 0 && port < 65_536 ? port : undefined;
  }
  return portNamed(text);
};

const portNamed = (name: string): number | undefined => {
  try {
    for (const line of readFileSync('/etc/services', 'utf8').split('\n')) {
      const [first, port = '', ...aliases] = line.replace(/#.*/, '').split(/\s+/);
      if (port.endsWith('/tcp') && [first, ...aliases].includes(name)) return parseInt(port, 10);
    }
  } catch {
    // A machine without that file knows ports by number alone.
  }
  return undefined;
};

const scales = 'bkmgtpe';

/** Bytes of an amount such as `512M` or `1.5G`; undefined for what is none. */
export const parseSize = (text: string): number | undefined => {
  const [, digits, letter = ''] = /^(\d+(?:\.\d+)?)([bkmgtpe]?)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * 1024 ** Math.max(0, scales.indexOf(letter.toLowerCase())));
  return bytes === 0 || (bytes >= 16 && bytes < 2 ** 63) ? bytes : undefined;
};

const unit: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of ssh's time format, such as `30` or `1m30s`; undefined for what is none. */
export const parseTime = (text: string): number | undefined => {
  if (!/^(\d+[smhdw])*(\d+[smhdw]?)$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, letter = ''] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    seconds += Number(digits) * (unit[letter.toLowerCase()] ?? 0);
  }
  return seconds < 2 ** 31 ? seconds : undefined;
};

const yesNo = { yes: 'yes', true: 'yes', no: 'no', false: 'no' } as const;

/** Values of keywords that take one of a few words, each with what it means. */
export const choices: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  addressfamily: { any: 'any', inet: 'inet', inet6: 'inet6' },
  canonicalizefallbacklocal: yesNo,
  checkhostip: yesNo,
  canonicalizehostname: { ...yesNo, always: 'always' },
  identitiesonly: yesNo,
  proxyusefdpass: yesNo,
  pubkeyauthentication: { ...yesNo, unbound: 'unbound', 'host-bound': 'host-bound' },
  stricthostkeychecking: { ...yesNo, off: 'no', ask: 'ask', 'accept-new': 'accept-new' },
};
