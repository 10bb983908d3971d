import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key and a certificate that it signed itself, made with openssl in that folder. @param name such as IP:127.0.0.1 */
export const selfSigned = (folder: string, name: string): { key: string; cert: string } => {
  const file = (kind: string): string => join(folder, `${name.replaceAll(/\W/g, '-')}.${kind}`);
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const named = ['-subj', '/CN=test', '-addext', `subjectAltName=${name}`];
  execFileSync('openssl', ['req', '-x509', ...made, ...named, '-keyout', file('key'), '-out', file('crt')], {
    stdio: 'pipe',
    timeout: 20_000,
  });
  return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('crt'), 'utf8') };
};
