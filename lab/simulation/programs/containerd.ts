import type { HttpResponse } from '../network/service.js';
import type { Process, Program } from '../system/process.js';
import { parseOptions } from '../text/input.js';

const runtimeSocket = '/run/containerd/containerd.sock';
export const runtimeVersion = '1.6.20~ds1';

/** Where the runtime keeps the names of its images: on the disk. */
export const imageFile = '/var/lib/containerd/images';

export const imagesOn = (process: Pick<Process, 'machine'>): string[] => {
  const text = process.machine.files.readIfThere(imageFile) ?? '';
  return text.split('\n').filter((line) => line !== '');
};

export const addImages = (process: Pick<Process, 'machine'>, names: readonly string[]): void => {
  const all = new Set([...imagesOn(process), ...names]);
  process.machine.files.makeDirectories('/var/lib/containerd');
  process.machine.files.write(imageFile, [...all].map((name) => `${name}\n`).join(''));
};

/** A field of protobuf that holds text. */
const field = (number: number, text: string): string => {
  let length = text.length;
  let size = '';
  do {
    size += String.fromCharCode((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
    length >>= 7;
  } while (length > 0);
  return String.fromCharCode((number << 3) | 2) + size + text;
};

const imageId = `sha256:${'0'.repeat(64)}`;
/** Field 4, a number: 30 MB. */
const sizeField = '\x20\x80\x87\xa7\x0e';

const message = (body: string): HttpResponse => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length);
  return {
    status: 200,
    headers: { 'content-type': 'application/grpc' },
    body: `\0${size.toString('latin1')}${body}`,
    trailers: { 'grpc-status': '0', 'grpc-message': '' },
  };
};

const refused = (code: number, text: string): HttpResponse => ({
  status: 200,
  headers: { 'content-type': 'application/grpc' },
  body: '',
  trailers: { 'grpc-status': String(code), 'grpc-message': text },
});

const answer = (process: Process, path: string): HttpResponse => {
  switch (path) {
    case '/runtime.v1.RuntimeService/Version':
      return message(field(1, '0.1.0') + field(2, 'containerd') + field(3, runtimeVersion) + field(4, 'v1'));
    case '/runtime.v1.ImageService/ListImages':
      return message(
        imagesOn(process)
          .map((name) => field(1, field(1, imageId) + field(2, name) + sizeField))
          .join(''),
      );
    default:
      return refused(12, `unknown method ${path.replace(/^.*\//, '')} for service runtime.v1.RuntimeService`);
  }
};

/** containerd: its CRI socket answers while it runs. */
export const containerd: Program = async (process, args) => {
  if (args.includes('--version') || args[0] === 'version') {
    process.print(`containerd github.com/containerd/containerd ${runtimeVersion} ${runtimeVersion}-1+deb12u3\n`);
    return 0;
  }
  const { machine } = process;
  const service = { http: ({ path }: { path: string }) => answer(process, path) };
  machine.sockets.set(runtimeSocket, service);
  machine.files.makeDirectories('/run/containerd');
  machine.files.write(runtimeSocket, '');
  try {
    await process.during(new Promise(() => undefined));
    return 0;
  } finally {
    if (machine.sockets.get(runtimeSocket) === service) machine.sockets.delete(runtimeSocket);
  }
};

/** `ctr`, as far as scripts fall back on it. */
export const ctr: Program = (process, args) => {
  const { values, operands } = parseOptions(args, 'an', ['address', 'namespace', 'connect-timeout']);
  const socket = (values.get('a') ?? values.get('address') ?? runtimeSocket).replace(/^unix:\/\//, '');
  if (!process.machine.sockets.has(socket)) {
    process.complain(
      `ctr: failed to dial "${socket}": connection error: desc = "transport: error while dialing: dial unix ${socket}: connect: no such file or directory"\n`,
    );
    return 1;
  }
  const [object = '', verb = '', ...names] = operands;
  if (object === 'version')
    process.print(`Client:\n  Version:  ${runtimeVersion}\nServer:\n  Version:  ${runtimeVersion}\n`);
  else if (object === 'images' && verb === 'ls')
    process.print(
      imagesOn(process)
        .map((name) => `${name}\n`)
        .join(''),
    );
  else if (object === 'images' && verb === 'tag') {
    const [source = '', target = ''] = names;
    if (!imagesOn(process).includes(source)) {
      process.complain(`ctr: image "${source}": not found\n`);
      return 1;
    }
    addImages(process, [target]);
    process.print(`${target}\n`);
  } else if (object === 'images' && (verb === 'rm' || verb === 'remove')) {
    const kept = imagesOn(process).filter((name) => !names.includes(name));
    process.machine.files.write(imageFile, kept.map((name) => `${name}\n`).join(''));
    for (const name of names) process.print(`${name}\n`);
  }
  return 0;
};
