import { fall, rise } from './backend.js';
import type { Backend, Server } from './backend.js';
import { checkNumbers } from './check-results.js';

export interface Running {
  readonly description: string;
  readonly startedAt: number;
  readonly pid: number;
  readonly node: string;
  readonly backends: readonly Backend[];
  readonly frontends: readonly { readonly name: string }[];
}

const version = '2.6.12-1+deb12u4';
const releaseDate = '2026/10/17';

const statHeader =
  '# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,-,ssl_sess,ssl_reused_sess,ssl_failed_handshake,h2_headers_rcvd,h2_data_rcvd,h2_settings_rcvd,h2_rst_stream_rcvd,h2_goaway_rcvd,h2_detected_conn_protocol_errors,h2_detected_strm_protocol_errors,h2_rst_stream_resp,h2_goaway_resp,h2_open_connections,h2_backend_open_streams,h2_total_connections,h2_backend_total_streams,h1_open_connections,h1_open_streams,h1_total_connections,h1_total_streams,h1_bytes_in,h1_bytes_out,h1_spliced_bytes_in,h1_spliced_bytes_out,';
const columns = statHeader.slice(2, -1).split(',');

// Rows of a real HAProxy to which nothing has happened yet: what is counted stays so.
const emptyFrontend =
  ',FRONTEND,,,0,0,9978,0,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,0,0,0,,,,,,,,,,,0,0,0,,,0,0,0,0,,,,,,,,,,,,,,,,,,,,,tcp,,0,0,0,,0,0,0,,,,,,,,,,,0,,,,,,,,,-,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,';
const emptyServer =
  ',,0,0,0,0,,0,0,0,,0,,0,0,0,0,,1,1,0,0,0,0,0,,1,3,,,0,,2,0,,0,,,,,,,,,,,,,,0,0,,,,,-1,,,0,0,0,0,,,,,,,,,,,,,,tcp,,,,,,,,0,0,0,,,0,,0,0,0,0,0,0,0,0,1,1,,,,-,0,0,0,,,,,,,,,,,,,,,,,,,,,,';
const emptyBackend =
  ',BACKEND,0,0,0,0,998,0,0,0,0,0,,0,0,0,0,,0,0,0,,0,0,0,,1,3,0,,0,,1,0,,0,,,,,,,,,,,,,,0,0,0,0,0,0,-1,,,0,0,0,0,,,,,,,,,,,,,,tcp,leastconn,,,,,,,0,0,0,,,,,0,0,0,0,0,,,,,0,0,0,0,-,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,';

const row = (empty: string, values: Readonly<Record<string, string | number>>): string =>
  empty
    .split(',')
    .map((value, index) => values[columns[index] ?? ''] ?? value)
    .join(',');

const descriptions: Readonly<Record<string, string>> = {
  INI: 'Initializing',
  L7OK: 'Layer7 check passed',
  L7STS: 'Layer7 wrong status',
  L7TOUT: 'Layer7 timeout',
  L6RSP: 'Layer6 invalid response',
  L4CON: 'Layer4 connection problem',
  L4TOUT: 'Layer4 timeout',
  L4OK: 'Layer4 check passed',
};

/** Of a server in maintenance nothing is told of its checks. */
const checkColumns = ({ admin, definition, check, health }: Server): Record<string, string | number> => {
  if (admin === 'maint' || !definition.check) return {};
  const status = check?.status ?? 'INI';
  return {
    check_status: status,
    check_code: check?.code ?? '',
    check_duration: check === undefined ? '' : 1,
    last_chk: check?.last ?? '',
    check_desc: descriptions[status] ?? '',
    check_rise: rise,
    check_fall: fall,
    check_health: health,
  };
};

const serverRow = (backend: Backend, server: Server, index: number): string => {
  const { name, address } = server.definition;
  return row(emptyServer, {
    pxname: backend.definition.name,
    svname: name,
    status: server.status,
    lastchg: Math.floor((Date.now() - server.changedAt) / 1000),
    sid: index + 1,
    lbtot: server.selected,
    ...checkColumns(server),
    addr: `${address.includes(':') ? `[${address}]` : address}:${server.port}`,
  });
};

const stat = ({ frontends, backends }: Running): string =>
  [
    statHeader,
    ...frontends.map(({ name }) => row(emptyFrontend, { pxname: name })),
    ...backends.flatMap((backend) => {
      const active = backend.servers.filter((server) => server.takesTraffic).length;
      return [
        ...backend.servers.map((server, index) => serverRow(backend, server, index)),
        row(emptyBackend, {
          pxname: backend.definition.name,
          status: active > 0 ? 'UP' : 'DOWN',
          weight: active,
          act: active,
          lbtot: backend.servers.reduce((sum, { selected }) => sum + selected, 0),
          uweight: active,
        }),
      ];
    }),
    '',
  ].join('\n');

/** Number of the last check's result, whether it passed (3) or failed (2), health, and state of the checks (8: paused). */
const checkState = ({ check, health, admin }: Server): string =>
  `${checkNumbers[check?.status ?? 'INI'] ?? 0} ${check === undefined ? 0 : check.ok ? 3 : 2} ${health} ${admin === 'maint' ? 14 : 6}`;

const adminFlags = { ready: 0, drain: 0x08, maint: 0x01 } as const;

const serversState = (backends: readonly Backend[]): string =>
  [
    '1',
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port',
    ...backends.flatMap((backend) =>
      backend.servers.map((server, index) => {
        const { definition, admin, isUp, changedAt } = server;
        const flags = adminFlags[admin] | (definition.disabled ? 0x04 : 0);
        return `3 ${backend.definition.name} ${index + 1} ${definition.name} ${definition.address} ${isUp && admin !== 'maint' ? 2 : 0} ${flags} 1 1 ${Math.floor((Date.now() - changedAt) / 1000)} ${checkState(server)} 0 0 0 - ${server.port} - 0 0 - - 0`;
      }),
    ),
    '',
  ].join('\n');

/** What else a real one tells: limits, and counts of what never happens here. */
const restOfInfo = `Memmax_MB: 0
PoolAlloc_MB: 0
PoolUsed_MB: 0
PoolFailed: 0
Ulimit-n: 19999
Maxsock: 19999
Maxconn: 9979
Hard_maxconn: 9979
CurrConns: 1
CumConns: 1
CumReq: 1
MaxSslConns: 0
CurrSslConns: 0
CumSslConns: 0
Maxpipes: 0
PipesUsed: 0
PipesFree: 0
ConnRate: 0
ConnRateLimit: 0
MaxConnRate: 0
SessRate: 0
SessRateLimit: 0
MaxSessRate: 0
SslRate: 0
SslRateLimit: 0
MaxSslRate: 0
SslFrontendKeyRate: 0
SslFrontendMaxKeyRate: 0
SslFrontendSessionReuse_pct: 0
SslBackendKeyRate: 0
SslBackendMaxKeyRate: 0
SslCacheLookups: 0
SslCacheMisses: 0
CompressBpsIn: 0
CompressBpsOut: 0
CompressBpsRateLim: 0
Tasks: 15
Run_queue: 0
Idle_pct: 100`;
const endOfInfo = `Stopping: 0
Jobs: 4
Unstoppable Jobs: 1
Listeners: 3
ActivePeers: 0
ConnectedPeers: 0
DroppedLogs: 0
BusyPolling: 0
FailedResolutions: 0
TotalBytesOut: 0
TotalSplicdedBytesOut: 0
BytesOutRate: 0
DebugCommandsIssued: 0
CumRecvLogs: 0
Build info: ${version}
Memmax_bytes: 0
PoolAlloc_bytes: 106912
PoolUsed_bytes: 106912`;

const info = ({ description, startedAt, pid, node }: Running): string => {
  const seconds = Math.floor((Date.now() - startedAt) / 1000);
  return [
    'Name: HAProxy',
    `Version: ${version}`,
    `Release_date: ${releaseDate}`,
    'Nbthread: 2',
    'Nbproc: 1',
    'Process_num: 1',
    `Pid: ${pid}`,
    `Uptime: 0d 0h00m${String(seconds % 60).padStart(2, '0')}s`,
    `Uptime_sec: ${seconds}`,
    restOfInfo,
    `node: ${node}`,
    `description: ${description}`,
    endOfInfo,
    `Start_time_sec: ${Math.floor(startedAt / 1000)}`,
    'Tainted: 0',
    '',
  ].join('\n');
};

const setServer = (running: Running, words: readonly string[]): string => {
  const [, , place = '', what = '', how = ''] = words;
  const [backendName = '', serverName = ''] = place.split('/');
  const backend = running.backends.find((one) => one.definition.name === backendName);
  const server = backend?.servers.find((one) => one.definition.name === serverName);
  if (backend === undefined) return 'No such backend.\n\n';
  if (server === undefined) return 'No such server.\n\n';
  if (what === 'state' && (how === 'ready' || how === 'drain' || how === 'maint')) server.setAdmin(how);
  else if (what === 'health' && (how === 'up' || how === 'down' || how === 'stopping')) server.setHealth(how === 'up');
  else if (what === 'state') return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n";
  else return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n";
  return '\n';
};

const showServers = async ({ backends }: Running, name: string | undefined): Promise<string> => {
  const shown = backends.filter(({ definition }) => name === undefined || definition.name === name);
  if (name !== undefined && shown.length === 0) return "Can't find backend.\n\n";
  for (const backend of shown) await backend.lookSoon();
  return `${serversState(shown)}\n`;
};

const one = async (running: Running, command: string): Promise<string> => {
  const words = command.trim().split(/\s+/);
  switch (words.slice(0, 2).join(' ')) {
    case 'show info':
      return `${info(running)}\n`;
    case 'show stat':
      for (const backend of running.backends) await backend.lookSoon();
      return `${stat(running)}\n`;
    case 'show servers':
      return showServers(running, words[3]);
    case 'set server':
      return setServer(running, words);
    default:
      return 'Unknown command, but maybe one of the following ones is a better match:\n';
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
export const haproxyReleaseDate = releaseDate;
