import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Connection, ParsedKey, ServerChannel, Session } from 'ssh2';
import { Pipe, Sink } from '../system/description.js';
import type { BeforeCommand, Machine } from '../system/machine.js';
import { programAt, spawn } from '../shell/external.js';
import { runProgram } from '../system/process.js';
import { signalName, signalNumbers } from '../system/signals.js';

export interface SshServerOptions {
  readonly machine: Machine;
  /** Private key of the host, in OpenSSH's format. */
  readonly hostKey: string;
  /** Public key that may log in. */
  readonly authorized: ParsedKey;
}

/** How long a kernel looks for the hardware address of a neighbour. */
const noRouteMs = 3_000;

/** sshd's MaxSessions. */
const mostSessions = 10;

const logins: Readonly<Record<string, { uid: number; home: string }>> = {
  root: { uid: 0, home: '/root' },
  ops: { uid: 1000, home: '/home/ops' },
};

/** A command's text as it was before it was quoted for the login's shell. */
const unquoted = (command: string): string => command.replaceAll("'\\''", "'");

/** Nothing goes in or out. */
const silence = (socket: Socket): void => {
  socket.pause();
  if (socket.writableCorked === 0) socket.cork();
};

/** sshd of one host, on a port of loopback of its own. */
export class SshServer {
  #listener: NetServer | undefined;
  #ssh: ssh2.Server | undefined;
  /** With the boot of the host that each was made to; without one it waits. */
  readonly #sockets = new Map<Socket, { readonly boot?: string }>();
  readonly #stopWatching: () => void;

  constructor(private readonly options: SshServerOptions) {
    this.#stopWatching = options.machine.onPower(() => this.#powerChanged());
  }

  /** @returns the port */
  async listen(): Promise<number> {
    const listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(0, '127.0.0.1', resolve);
    });
    return (listener.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#stopWatching();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await new Promise<void>((resolve) => {
      if (this.#listener === undefined) resolve();
      else this.#listener.close(() => resolve());
    });
  }

  get #isReachable(): boolean {
    const { machine } = this.options;
    return machine.isOn && !machine.isFrozen && machine.reachableBySsh;
  }

  /** The host went off or on, or the way to it did: nothing is heard of it meanwhile, also no good-bye. */
  #powerChanged(): void {
    const { machine } = this.options;
    for (const [socket, state] of this.#sockets) {
      if (state.boot !== undefined && state.boot !== machine.bootId) {
        // The host does not know the connection any more, and says so as soon as it can.
        if (this.#isReachable) socket.resetAndDestroy();
        else silence(socket);
      } else if (!this.#isReachable) silence(socket);
      else if (state.boot === undefined) this.#serve(socket);
      else {
        while (socket.writableCorked > 0) socket.uncork();
        socket.resume();
      }
    }
  }

  /** Loopback takes every connection: a host that is off or cut off leaves it waiting. */
  #accept(socket: Socket): void {
    this.#sockets.set(socket, {});
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#isReachable) {
      this.#serve(socket);
      return;
    }
    silence(socket);
    // Nobody answers for the address of a host that is off: the client's kernel gives up soon.
    const timer = setTimeout(() => {
      const { machine } = this.options;
      if (!machine.isOn || !machine.cableIn) socket.resetAndDestroy();
    }, noRouteMs);
    socket.once('close', () => clearTimeout(timer));
  }

  #serve(socket: Socket): void {
    this.#sockets.set(socket, { boot: this.options.machine.bootId });
    socket.resume();
    while (socket.writableCorked > 0) socket.uncork();
    this.#server().injectSocket(socket);
  }

  #server(): ssh2.Server {
    this.#ssh ??= new ssh2.Server(
      { hostKeys: [this.options.hostKey], ident: 'OpenSSH_9.2p1 Debian-2+deb12u7', keepaliveInterval: 0 },
      (connection, { port }) => this.#connected(connection, port),
    );
    return this.#ssh;
  }

  /** @param port of the client's side, by which its socket is found */
  #connected(connection: Connection, port: number): void {
    const socket = [...this.#sockets.keys()].find(({ remotePort }) => remotePort === port);
    let user = '';
    let sessions = 0;
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (context.method !== 'publickey' || logins[context.username] === undefined)
        return context.reject(['publickey']);
      const { authorized } = this.options;
      const wanted = authorized.getPublicSSH();
      const known = context.key.data.length === wanted.length && timingSafeEqual(context.key.data, wanted);
      const signed =
        context.signature === undefined ||
        (context.blob !== undefined && authorized.verify(context.blob, context.signature, context.hashAlgo) === true);
      if (!known || !signed) return context.reject(['publickey']);
      user = context.username;
      context.accept();
    });
    connection.on('ready', () => {
      connection.on('session', (accept, reject) => {
        if (sessions >= mostSessions) {
          reject();
          return;
        }
        sessions += 1;
        const session = accept();
        session.once('close', () => (sessions -= 1));
        this.#session(session, user, () => socket?.resetAndDestroy());
      });
    });
  }

  #session(session: Session, user: string, breakConnection: () => void): void {
    session.on('env', (accept) => accept?.());
    session.on('exec', (accept, _reject, { command }) => {
      const loss = this.options.machine.lostCommands.shift();
      if (loss?.when === 'before') {
        breakConnection();
        loss.lost();
        return;
      }
      const answerLost = () => {
        breakConnection();
        loss?.lost();
      };
      const line = Buffer.from(command, 'utf8').toString('latin1');
      const channel = accept();
      const begin = (): void => void this.#run(channel, line, user, loss === undefined ? undefined : answerLost);
      const before = [...this.options.machine.beforeCommands].filter(({ pattern }) => pattern.test(unquoted(command)));
      if (before.length === 0) begin();
      else void this.#first(before).then(begin);
    });
  }

  /** What is done before a command begins; what goes wrong in it is a mistake of whoever does it. */
  async #first(before: readonly BeforeCommand[]): Promise<void> {
    for (const { work } of before) {
      try {
        await work();
      } catch (error) {
        this.options.machine.defect(error);
      }
    }
  }

  /**
   * Runs a command line by the login's shell, as sshd does.
   * @param answerLost called when it has run, in place of an answer
   */
  async #run(channel: ServerChannel, command: string, user: string, answerLost?: () => void): Promise<void> {
    const { machine } = this.options;
    const login = logins[user] ?? { uid: 1000, home: '/' };
    const input = new Pipe();
    let open = answerLost === undefined;
    const sinkTo = (write: (bytes: Buffer) => void): Sink =>
      new Sink((text) => {
        if (open && machine.isOn) write(Buffer.from(text, 'latin1'));
      });
    const process = spawn({
      parent: machine.systemd.init,
      argv: ['bash', '-c', command],
      environment: new Map([
        ['PATH', '/usr/local/bin:/usr/bin:/bin:/usr/games'],
        ['HOME', login.home],
        ['USER', user],
        ['LOGNAME', user],
        ['SHELL', '/bin/bash'],
      ]),
      uid: login.uid,
      directory: login.home,
      controlGroup: `/user.slice/user-${login.uid}.slice/session.scope`,
    });
    process.descriptors.set(0, input.reader);
    process.descriptors.set(
      1,
      sinkTo((bytes) => void channel.write(bytes)),
    );
    process.descriptors.set(
      2,
      sinkTo((bytes) => void channel.stderr.write(bytes)),
    );
    channel.on('data', (bytes: Buffer) => {
      try {
        input.writer.write(bytes.toString('latin1'));
      } catch {
        // the command reads no more
      }
    });
    channel.once('end', () => input.writer.release());
    channel.once('close', () => {
      open = false;
      input.writer.release();
    });
    channel.on('error', () => undefined);
    const { program } = programAt(process, '/bin/bash');
    const status = await runProgram(process, program, ['-c', command]);
    answerLost?.();
    // A host that went off says nothing more.
    if (!open || !machine.isOn) return;
    if (process.killedBy !== undefined && process.killedBy !== signalNumbers.PIPE)
      channel.exit(signalName(process.killedBy), false, '');
    else channel.exit(status & 0xff);
    channel.end();
  }
}
