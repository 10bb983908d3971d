import { FileError } from '../files/file-error.js';
import { joinPath } from '../files/file-system.js';
import { httpRequest, parseUrl } from '../network/http-client.js';
import type { HttpOptions, HttpOutcome } from '../network/http-client.js';
import type { HttpResponse } from '../network/service.js';
import { openFile } from '../shell/redirect.js';
import { unescape } from '../shell/builtins/printf.js';
import type { Process, Program } from '../system/process.js';

interface Request {
  readonly urls: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
}

const short: Readonly<Record<string, string>> = {
  X: 'request',
  H: 'header',
  d: 'data',
  m: 'max-time',
  w: 'write-out',
  o: 'output',
  D: 'dump-header',
  A: 'user-agent',
  u: 'user',
  E: 'cert',
};
const withValue = new Set([
  ...Object.values(short),
  'connect-timeout',
  'cacert',
  'key',
  'noproxy',
  'data-binary',
  'data-raw',
  'unix-socket',
  'retry',
  'resolve',
]);
const flagNames: Readonly<Record<string, string>> = {
  k: 'insecure',
  s: 'silent',
  S: 'show-error',
  f: 'fail',
  g: 'globoff',
  q: 'disable',
  L: 'location',
  i: 'include',
  I: 'head',
};

const parseArguments = (args: readonly string[]): Request => {
  const urls: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const headers = new Map<string, string>();
  const set = (name: string, value: string): void => {
    if (name !== 'header') values.set(name, value);
    else
      headers.set(value.slice(0, value.indexOf(':')).trim().toLowerCase(), value.slice(value.indexOf(':') + 1).trim());
  };
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] as string;
    if (arg.startsWith('--')) {
      const name = arg.slice(2);
      if (withValue.has(name)) set(name, args[(at += 1)] ?? '');
      else flags.add(name);
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let letter = 1; letter < arg.length; letter += 1) {
        const name = short[arg[letter] as string];
        if (name === undefined) {
          flags.add(flagNames[arg[letter] as string] ?? (arg[letter] as string));
          continue;
        }
        const rest = arg.slice(letter + 1);
        set(name, rest === '' ? (args[(at += 1)] ?? '') : rest);
        break;
      }
    } else urls.push(arg);
  }
  return { urls, flags, values, headers };
};

class CurlError extends Error {
  override readonly name = 'CurlError';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** A certificate or a key from a file, or from a pipe that a here-document fills. */
const readPem = async (process: Process, path: string, code: number): Promise<string> => {
  try {
    const opened = openFile(process, path, 'read');
    const text = await process.during(opened.readAll());
    opened.release();
    if (text.includes('-----BEGIN ')) return text;
    throw new CurlError(58, `could not load PEM client certificate from ${path}`);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new CurlError(
      code,
      code === 77
        ? `error setting certificate file: ${path}`
        : `could not load PEM client certificate from ${path}, (no key found, wrong pass phrase, or wrong file format?)`,
    );
  }
};

const failureOf = (
  outcome: Exclude<HttpOutcome, { kind: 'answered' }>,
  host: string,
  port: number,
  ms: number,
): CurlError => {
  switch (outcome.kind) {
    case 'refused':
      return new CurlError(7, `Failed to connect to ${host} port ${port} after ${ms} ms: Couldn't connect to server`);
    case 'unreachable':
      return new CurlError(7, `Failed to connect to ${host} port ${port} after ${ms} ms: No route to host`);
    case 'unresolved':
      return new CurlError(6, `Could not resolve host: ${host}`);
    case 'untrusted':
      return new CurlError(
        60,
        `SSL certificate problem: ${outcome.because === 'unknown authority' ? 'unable to get local issuer certificate' : outcome.because === 'expired' ? 'certificate has expired' : `no alternative certificate subject name matches target host name '${host}'`}`,
      );
    case 'empty':
      return new CurlError(52, 'Empty reply from server');
  }
};

const seconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text) * 1000;

const askSocket = async (process: Process, path: string, url: string, options: HttpOptions): Promise<HttpResponse> => {
  const { machine } = process;
  const service = machine.sockets.get(machine.files.look(path) === undefined ? path : machine.files.resolve(path));
  if (service?.http === undefined)
    throw new CurlError(7, `Failed to connect to localhost port 80 after 0 ms: Couldn't connect to server`);
  const target = parseUrl(url);
  const response = await service.http({
    method: options.method ?? 'GET',
    path: target?.path ?? '/',
    headers: options.headers ?? new Map(),
    body: options.body ?? '',
    from: machine,
  });
  if (response === undefined) throw new CurlError(52, 'Empty reply from server');
  return response;
};

/**
 * Answers within the time that is given for the connection and for all.
 * @param connected called when the connection stands
 */
const ask = async (
  process: Process,
  request: Request,
  url: string,
  options: HttpOptions,
  connected: () => void,
): Promise<HttpResponse> => {
  const { values } = request;
  const started = Date.now();
  const most = seconds(values.get('max-time')) ?? Infinity;
  const socket = values.get('unix-socket');
  const work = async (): Promise<HttpResponse> => {
    if (socket !== undefined) return askSocket(process, socket, url, options);
    const target = parseUrl(url);
    if (target === undefined) throw new CurlError(3, 'URL using bad/illegal format or missing URL');
    const connect = Math.min(seconds(values.get('connect-timeout')) ?? Infinity, most);
    const { network } = process.machine;
    const address = network.resolve(target.host);
    if (address !== undefined && network.verdict(address, target.port).verdict === 'silent') {
      const opened = await within(network.dial(address, target.port), connect);
      if (opened === 'late')
        throw new CurlError(
          28,
          `Failed to connect to ${target.host} port ${target.port} after ${Date.now() - started} ms: Timeout was reached`,
        );
    }
    if (address !== undefined && network.verdict(address, target.port).verdict === 'open') connected();
    const outcome = await httpRequest(process.machine, target, { ...options, by: process });
    if (outcome.kind === 'answered') return outcome.response;
    throw failureOf(outcome, target.host, target.port, Date.now() - started);
  };
  const answer = await process.during(within(work(), most));
  if (answer === 'late')
    throw new CurlError(28, `Operation timed out after ${Date.now() - started} milliseconds with 0 bytes received`);
  return answer;
};

const within = async <T>(work: Promise<T>, milliseconds: number): Promise<T | 'late'> => {
  if (milliseconds === Infinity) return work;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), milliseconds);
    });
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const headerText = ({ status, headers }: HttpResponse, version: string): string =>
  `HTTP/${version} ${status} \r\n${Object.entries(headers ?? {})
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

const writeOut = (template: string, status: number, started: number, connects: number): string =>
  unescape(template).text.replaceAll(/%\{(\w+)\}/g, (_, name: string) => {
    if (name === 'http_code' || name === 'response_code') return String(status).padStart(3, '0');
    if (name === 'time_total') return ((performance.now() - started) / 1000).toFixed(6);
    if (name === 'num_connects') return String(connects);
    return '';
  });

const bodyOf = async (process: Process, given: string | undefined): Promise<string | undefined> => {
  if (given === '@-') return process.readAll();
  if (given?.startsWith('@') === true) return process.machine.files.read(joinPath(process.directory, given.slice(1)));
  return given;
};

/** curl, as far as scripts use it: HTTP, HTTPS with certificates, and gRPC over a socket. */
export const curl: Program = async (process, args) => {
  const request = parseArguments(args);
  const { values, flags } = request;
  const loud = !flags.has('silent') || flags.has('show-error');
  let status = 0;
  let options: HttpOptions;
  const fail = (error: CurlError): void => {
    if (loud) process.complain(`curl: (${error.code}) ${error.message}\n`);
    status = error.code;
  };
  try {
    const body = await bodyOf(process, values.get('data-binary') ?? values.get('data') ?? values.get('data-raw'));
    const [cacert, cert, key] = [values.get('cacert'), values.get('cert'), values.get('key')];
    const ca = cacert === undefined ? undefined : await readPem(process, cacert, 77);
    const clientCertificate = cert === undefined ? undefined : await readPem(process, cert, 58);
    if (key !== undefined) await readPem(process, key, 58);
    options = {
      method: values.get('request') ?? (body === undefined ? (flags.has('head') ? 'HEAD' : 'GET') : 'POST'),
      headers: request.headers,
      ...(body === undefined ? {} : { body }),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
      ...(flags.has('insecure') || ca === undefined ? {} : { ca }),
    };
  } catch (error) {
    if (!(error instanceof CurlError)) throw error;
    fail(error);
    return status;
  }
  for (const url of request.urls) {
    const started = performance.now();
    let response: HttpResponse | undefined;
    let connects = 0;
    try {
      response = await ask(process, request, url, options, () => (connects = 1));
    } catch (error) {
      if (!(error instanceof CurlError)) throw error;
      fail(error);
    }
    if (response !== undefined) deliver(process, request, response);
    const template = values.get('write-out');
    if (template !== undefined) process.print(writeOut(template, response?.status ?? 0, started, connects));
    if (response !== undefined && response.status >= 400 && flags.has('fail')) {
      fail(new CurlError(22, `The requested URL returned error: ${response.status}`));
    }
    if (status !== 0 && flags.has('fail-early')) return status;
  }
  return status;
};

const deliver = (process: Process, { values, flags }: Request, response: HttpResponse): void => {
  const version = flags.has('http2-prior-knowledge') || flags.has('http2') ? '2' : '1.1';
  const to = (path: string | undefined, text: string): void => {
    if (path === undefined || path === '-') process.print(text);
    else if (path !== '/dev/null') process.machine.files.write(joinPath(process.directory, path), text);
  };
  if (values.has('dump-header') || flags.has('include') || flags.has('head'))
    to(values.get('dump-header'), headerText(response, version));
  to(values.get('output'), response.body);
  for (const [name, value] of Object.entries(response.trailers ?? {}))
    to(values.get('dump-header'), `${name}: ${value}\r\n`);
};
