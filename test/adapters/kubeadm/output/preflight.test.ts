import { expect, test } from 'vitest';
import { isCheck, parsePreflight } from '../../../../adapters/kubeadm/output/preflight.js';

const output = `[preflight] Running pre-flight checks
\t[WARNING Hostname]: hostname "cp3" could not be reached
[preflight] Some fatal errors occurred:
\t[ERROR FileContent--proc-sys-net-ipv4-ip_forward]: /proc/sys/net/ipv4/ip_forward contents are not set to 1
\t[ERROR Service-kubelet]: x
[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`
`;

test('errors and warnings in their order', () => {
  expect(parsePreflight(output)).toEqual([
    { severity: 'warning', check: 'Hostname', message: 'hostname "cp3" could not be reached' },
    {
      severity: 'error',
      check: 'FileContent--proc-sys-net-ipv4-ip_forward',
      message: '/proc/sys/net/ipv4/ip_forward contents are not set to 1',
    },
    { severity: 'error', check: 'Service-kubelet', message: 'x' },
  ]);
});

test('the case of a check does not matter: 1.34 prints Service-Kubelet, 1.37 Service-kubelet', () => {
  const [, , service] = parsePreflight(output);
  if (service === undefined) throw new Error('not parsed');
  expect(isCheck(service, 'Service-Kubelet')).toBe(true);
  expect(isCheck(service, 'service-*')).toBe(true);
  expect(isCheck(service, 'Service')).toBe(false);
});
