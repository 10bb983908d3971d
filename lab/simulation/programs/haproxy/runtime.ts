import type { Backend, Server } from './backend.js';

export interface Running {
  readonly description: string;
  readonly startedAt: number;
  readonly pid: number;
  readonly backends: readonly Backend[];
  readonly frontends: readonly { readonly name: string }[];
}

const version = '2.6.12-1+deb12u2';

const statHeader =
  '# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode';
const columns = statHeader.slice(2).split(',');

const row = (values: Readonly<Record<string, string | number>>): string =>
  `${columns.map((column) => values[column] ?? '').join(',')},`;

const descriptions: Readonly<Record<string, string>> = {
  L7OK: 'Layer7 check passed',
  L7STS: 'Layer7 wrong status',
  L7TOUT: 'Layer7 timeout',
  L6RSP: 'Layer6 invalid response',
  L4CON: 'Layer4 connection problem',
  L4TOUT: 'Layer4 timeout',
  L4OK: 'Layer4 check passed',
};

const serverRow = (backend: Backend, server: Server, index: number): string => {
  const { name, address, port } = server.definition;
  const check = server.check;
  return row({
    pxname: backend.definition.name,
    svname: name,
    qcur: 0,
    qmax: 0,
    scur: 0,
    smax: 0,
    stot: 0,
    status: server.status,
    weight: 1,
    act: 1,
    bck: 0,
    lastchg: Math.floor((Date.now() - server.changedAt) / 1000),
    pid: 1,
    iid: 3,
    sid: index + 1,
    type: 2,
    check_status: check === undefined ? (server.definition.check ? 'INI' : '') : check.status,
    check_code: check?.code ?? '',
    check_duration: check === undefined ? '' : 1,
    last_chk: check === undefined || check.last === '' ? '' : check.last,
    check_desc: check === undefined ? 'Initializing' : (descriptions[check.status] ?? ''),
    addr: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    mode: 'tcp',
  });
};

const stat = ({ frontends, backends }: Running): string =>
  [
    statHeader,
    ...frontends.map(({ name }) => row({ pxname: name, svname: 'FRONTEND', status: 'OPEN', type: 0, mode: 'tcp' })),
    ...backends.flatMap((backend) => [
      ...backend.servers.map((server, index) => serverRow(backend, server, index)),
      row({
        pxname: backend.definition.name,
        svname: 'BACKEND',
        status: backend.servers.some((one) => one.takesTraffic) ? 'UP' : 'DOWN',
        type: 1,
        mode: 'tcp',
      }),
    ]),
    '',
  ].join('\n');

const adminFlags = { ready: 0, drain: 0x08, maint: 0x01 } as const;

const serversState = ({ backends }: Running): string =>
  [
    '1',
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port',
    ...backends.flatMap((backend) =>
      backend.servers.map(({ definition, admin, isUp, changedAt }, index) => {
        const flags = adminFlags[admin] | (definition.disabled ? 0x04 : 0);
        return `3 ${backend.definition.name} ${index + 1} ${definition.name} ${definition.address} ${isUp && admin !== 'maint' ? 2 : 0} ${flags} 1 1 ${Math.floor((Date.now() - changedAt) / 1000)} 6 3 3 6 0 0 0 - ${definition.port} - 0 0 - - 0`;
      }),
    ),
    '',
  ].join('\n');

const info = ({ description, startedAt, pid }: Running): string =>
  [
    'Name: HAProxy',
    `Version: ${version}`,
    'Release_date: 2023/12/16',
    'Nbthread: 2',
    'Nbproc: 1',
    'Process_num: 1',
    `Pid: ${pid}`,
    `Uptime_sec: ${Math.floor((Date.now() - startedAt) / 1000)}`,
    'node: lb',
    `description: ${description}`,
    '',
  ].join('\n');

const setServer = (running: Running, words: readonly string[]): string => {
  const [, , place = '', what = '', how = ''] = words;
  const [backendName = '', serverName = ''] = place.split('/');
  const backend = running.backends.find((one) => one.definition.name === backendName);
  const server = backend?.servers.find((one) => one.definition.name === serverName);
  if (backend === undefined) return 'No such backend.\n';
  if (server === undefined) return 'No such server.\n';
  if (what === 'state' && (how === 'ready' || how === 'drain' || how === 'maint')) server.setAdmin(how);
  else if (what === 'health' && (how === 'up' || how === 'down' || how === 'stopping')) server.setHealth(how === 'up');
  else return `'set server <srv> ${what}' expects something else.\n`;
  return '\n';
};

const one = async (running: Running, command: string): Promise<string> => {
  const words = command.trim().split(/\s+/);
  switch (words.slice(0, 2).join(' ')) {
    case 'show info':
      return `${info(running)}\n`;
    case 'show stat':
      for (const backend of running.backends) await backend.look();
      return `${stat(running)}\n`;
    case 'show servers':
      return `${serversState(running)}\n`;
    case 'set server':
      return setServer(running, words);
    default:
      return "Unknown command: '" + (words[0] ?? '') + "', but maybe one of the following ones is a better match:\n";
  }
};

/** Answers to the commands on one line of the runtime socket. */
export const answerRuntime = async (running: Running, line: string): Promise<string> => {
  const answers: string[] = [];
  for (const command of line
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== ''))
    answers.push(await one(running, command));
  return answers.join('');
};

export const haproxyVersion = version;
