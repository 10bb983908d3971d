import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import type { Program } from '../../system/process.js';
import { parseOptions, readInputs } from '../../text/input.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export const base64: Program = async (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'w', ['wrap']);
  const [input] = await readInputs(process, operands);
  if (input === undefined) return 1;
  if (flags.has('d') || flags.has('decode')) {
    const packed = input.text.replaceAll(/\s/g, '');
    // Several encodings may follow each other, each with its own padding.
    const each = packed.match(/[A-Za-z0-9+/]+={0,2}/g) ?? [];
    process.print(each.map((one) => Buffer.from(one, 'base64').toString('latin1')).join(''));
    if (each.join('') === packed && each.every((one) => one.length % 4 === 0)) return 0;
    process.complain('base64: invalid input\n');
    return 1;
  }
  const width = Number(values.get('w') ?? values.get('wrap') ?? 76);
  const packed = bytes(input.text).toString('base64');
  process.print(width === 0 ? packed : packed.replaceAll(new RegExp(`.{1,${width}}`, 'g'), '$&\n'));
  return 0;
};

const digest =
  (algorithm: string): Program =>
  async (process, args) => {
    const { operands } = parseOptions(args);
    let status = 0;
    for (const { path, text } of await readInputs(process, operands, { onFailure: () => (status = 1) }))
      process.print(`${createHash(algorithm).update(bytes(text)).digest('hex')}  ${path}\n`);
    return status;
  };

export const sha256sum = digest('sha256');
export const md5sum = digest('md5');

/** `od -An -v -tx1`: bytes as hexadecimal, sixteen a line; no script wants another form. */
export const od: Program = async (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'At', ['address-radix', 'format']);
  if (values.get('A') !== 'n' || values.get('t') !== 'x1' || !flags.has('v'))
    throw new Error(`od: no form but -An -v -tx1 is simulated: ${args.join(' ')}`);
  let status = 0;
  const inputs = await readInputs(process, operands, { onFailure: () => (status = 1) });
  const found = [...bytes(inputs.map(({ text }) => text).join(''))].map(
    (byte) => ` ${byte.toString(16).padStart(2, '0')}`,
  );
  for (let at = 0; at < found.length; at += 16) process.print(`${found.slice(at, at + 16).join('')}\n`);
  return status;
};

/** `openssl x509` and `openssl pkey`, as far as scripts use them to look at certificates. */
export const openssl: Program = async (process, args) => {
  const [command = '', ...rest] = args;
  const option = (name: string): string | undefined => {
    const at = rest.indexOf(`-${name}`);
    return at === -1 ? undefined : (rest[at + 1] ?? '');
  };
  const from = option('in');
  const [input] = await readInputs(process, from === undefined ? [] : [from]);
  if (input === undefined) return 1;
  try {
    if (command === 'pkey' || command === 'rsa') {
      const key = createPublicKey(input.text);
      const der = option('outform') === 'der';
      process.print(
        der
          ? key.export({ type: 'spki', format: 'der' }).toString('latin1')
          : String(key.export({ type: 'spki', format: 'pem' })),
      );
      return 0;
    }
    if (command === 'x509') {
      const certificate = new X509Certificate(input.text);
      const wants = (name: string): boolean => rest.includes(`-${name}`);
      if (wants('pubkey')) process.print(String(certificate.publicKey.export({ type: 'spki', format: 'pem' })));
      if (wants('subject'))
        process.print(`subject=${certificate.subject.replaceAll('\n', ', ').replaceAll('=', ' = ')}\n`);
      if (wants('issuer'))
        process.print(`issuer=${certificate.issuer.replaceAll('\n', ', ').replaceAll('=', ' = ')}\n`);
      if (wants('enddate')) process.print(`notAfter=${certificate.validTo}\n`);
      if (wants('fingerprint')) process.print(`sha256 Fingerprint=${certificate.fingerprint256}\n`);
      if (!wants('noout')) process.print(certificate.toString());
      return 0;
    }
  } catch {
    process.complain(`Could not read ${command === 'x509' ? 'certificate' : 'key'} from ${from ?? '<stdin>'}\n`);
    return 1;
  }
  process.complain(`Invalid command '${command}'; type "help" for a list.\n`);
  return 1;
};
