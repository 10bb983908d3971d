import { PortInUse } from '../../network/port-in-use.js';
import type { Process, Program } from '../../system/process.js';

const listen = async (process: Process, port: number): Promise<number> => {
  const { machine } = process;
  try {
    machine.listen({ port, address: '0.0.0.0', process, service: { protocol: 'raw' } });
  } catch (error) {
    if (!(error instanceof PortInUse)) throw error;
    process.complain(`socat[${process.pid}] E bind(5, {AF=2 0.0.0.0:${port}}, 16): Address already in use\n`);
    return 1;
  }
  try {
    await process.during(new Promise(() => undefined));
    return 0;
  } finally {
    machine.closePorts(process);
  }
};

/** `socat`: one line to a Unix socket and its answer, or a TCP port that takes connections. */
export const socat: Program = async (process, args) => {
  const port = args.map((arg) => /^TCP4?-LISTEN:(\d+)/i.exec(arg)?.[1]).find((found) => found !== undefined);
  if (port !== undefined) return listen(process, Number(port));
  const place = args.find((arg) => /unix/i.test(arg)) ?? args.find((arg) => arg.startsWith('/')) ?? '';
  const path = place.replace(/^[^:]*:/, '').replace(/,.*$/, '');
  const service = process.machine.sockets.get(path);
  const now = new Date(process.machine.now()).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
  if (service?.http === undefined) {
    const there = process.machine.files.exists(path);
    process.complain(
      `${now} socat[${process.pid}] E connect(, AF=1 "${path}", ${path.length + 2}): ${there ? 'Connection refused' : 'No such file or directory'}\n`,
    );
    return 1;
  }
  const line = (await process.during(process.stdin.readLine())) ?? '';
  const answer = await process.during(
    Promise.resolve(
      service.http({ method: 'POST', path: '/', headers: new Map(), body: line.trim(), from: process.machine }),
    ),
  );
  process.print(answer?.body ?? '');
  return 0;
};
