import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsvLine, parseRuntime } from '../../../adapters/load-balancer/runtime.js';

// As HAProxy 2.6.12 prints them, with columns left out.
const answer = (servers: readonly string[], flags: readonly string[]): string => `Name: HAProxy
Version: 2.6.12-1+deb12u4
Pid: 13500
description: quorate 832189e52f61

1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight
${flags.join('\n')}

# pxname,svname,scur,status,type,check_status,check_code,last_chk,check_desc,addr,
endpoint,FRONTEND,3,OPEN,0,,,,,,
${servers.join('\n')}
kube-apiserver,BACKEND,3,UP,1,,,,,,

`;

const one = (server: string, flags = 0) =>
  parseRuntime(answer([server], [`3 kube-apiserver 1 cp1 10.0.0.11 2 ${flags} 1`]), 'kube-apiserver')?.servers[0];

describe('the answer of the runtime socket', () => {
  it('shows version, revision and the servers of the backend alone', () => {
    const text = answer(
      ['kube-apiserver,cp1,2,UP,2,L7OK,200,,,10.0.0.11:6443,', 'other,web1,0,UP,2,L7OK,200,,,10.0.0.50:80,'],
      ['3 kube-apiserver 1 cp1 10.0.0.11 2 4 1', '4 other 1 web1 10.0.0.50 2 0 1'],
    );
    expect(parseRuntime(text, 'kube-apiserver')).toEqual({
      version: '2.6.12-1+deb12u4',
      revision: '832189e52f61',
      servers: [
        { name: 'cp1', address: '10.0.0.11', admin: 'ready', status: 'UP', lastCheck: 'L7OK 200', sessions: 2 },
      ],
    });
  });

  it.each([
    [0, 'ready'],
    [4, 'ready'], // was `disabled` in the file once
    [1, 'maint'],
    [5, 'maint'],
    [32, 'maint'],
    [8, 'drain'],
    [12, 'drain'],
    [9, 'maint'],
  ])('reads the flags %i as %s', (flags, admin) => {
    expect(one('kube-apiserver,cp1,0,DOWN,2,,,,,10.0.0.11:6443,', flags)?.admin).toBe(admin);
  });

  it.each([
    ['L4CON,,"Connection refused, twice",Layer4 connection problem', 'L4CON (Connection refused, twice)'],
    ['L7STS,500,"",', 'L7STS 500'],
    ['* L7OK,200,,', 'L7OK 200'],
    ['* L7OK,0,,', 'L7OK'],
    ['L4TOUT,,,Layer4 timeout', 'L4TOUT (Layer4 timeout)'],
    ['INI,,,Initializing', ''],
    [',,,', ''],
  ])('words the check %s as %j', (check, words) => {
    expect(one(`kube-apiserver,cp1,0,DOWN,2,${check},10.0.0.11:6443,`)?.lastCheck).toBe(words);
  });

  it.each([
    ['UP', 'L7OK', 'UP'],
    ['UP', '* L7OK', 'UP'],
    ['UP', 'INI', 'not checked yet'],
    ['UP', '', 'not checked yet'],
    ['UP', 'L7STS', 'not checked yet'], // an operator's `set server health up`
    ['UP 1/2', 'L7STS', 'UP 1/2'],
    ['UP 1/2', 'L7OK', 'not checked yet'], // left maintenance
    ['UP 1/2', '* INI', 'not checked yet'],
    ['DOWN', 'INI', 'DOWN'],
    ['DOWN 1/2', 'L7OK', 'DOWN 1/2'],
    ['DRAIN', 'INI', 'DRAIN'],
    ['no check', '', 'no check'],
  ])('says of a server that is %s with the check %s that it is %s', (status, check, said) => {
    expect(one(`kube-apiserver,cp1,0,${status},2,${check},,,,10.0.0.11:6443,`)?.status).toBe(said);
  });

  it('reads IPv6 addresses', () => {
    expect(one('kube-apiserver,cp1,0,UP,2,L7OK,200,,,[fd00::11]:6443,')?.address).toBe('fd00::11');
  });

  it('shows no revision for a configuration of somebody else', () => {
    const text = answer([], []).replace('quorate 832189e52f61', 'the old one');
    expect(parseRuntime(text, 'kube-apiserver')?.revision).toBeUndefined();
  });

  it.each(['', 'socat: connect: Connection refused\n', 'Version: 2.6\n'])('takes %j for no answer', (text) => {
    expect(parseRuntime(text, 'kube-apiserver')).toBeUndefined();
  });

  it('splits any values that were joined', () => {
    const quoted = (value: string): string => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z0-9 ",]{0,6}$/), { minLength: 1 }), (values) => {
        expect(parseCsvLine(values.map(quoted).join(','))).toEqual(values);
      }),
    );
  });
});
