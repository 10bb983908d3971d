// Open files as processes hold them. All text is binary: one character is one byte, as programs see it with LC_ALL=C.

/** The reader of a pipe has gone. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** An open file description, shared by every descriptor that was duplicated from it. */
export abstract class Description {
  #holders = 1;
  #held = '';

  /** Another descriptor for it. */
  retain(): this {
    this.#holders += 1;
    return this;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.close();
  }

  get isClosed(): boolean {
    return this.#holders <= 0;
  }

  /** The next bytes, at least one; undefined at the end. */
  protected abstract fill(): Promise<string | undefined> | string | undefined;
  /** @throws BrokenPipe, FileError */
  abstract write(text: string): void;
  protected close(): void {}

  async read(): Promise<string | undefined> {
    if (this.#held !== '') {
      const text = this.#held;
      this.#held = '';
      return text;
    }
    return this.fill();
  }

  /** The next line with its newline; what is left at the end without one; undefined when nothing is. */
  async readLine(): Promise<string | undefined> {
    let line = '';
    for (;;) {
      const text = await this.read();
      if (text === undefined) return line === '' ? undefined : line;
      const newline = text.indexOf('\n');
      if (newline === -1) {
        line += text;
        continue;
      }
      this.#held = text.slice(newline + 1);
      return line + text.slice(0, newline + 1);
    }
  }

  /** That many bytes, or fewer at the end. */
  async readBytes(count: number): Promise<string> {
    let found = '';
    while (found.length < count) {
      const text = await this.read();
      if (text === undefined) break;
      found += text;
    }
    this.#held = found.slice(count);
    return found.slice(0, count);
  }

  async readAll(): Promise<string> {
    let all = '';
    for (;;) {
      const text = await this.read();
      if (text === undefined) return all;
      all += text;
    }
  }
}

/** Text that is there from the beginning, such as a here-document; or nothing. */
export class TextDescription extends Description {
  #text: string | undefined;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  protected override fill(): string | undefined {
    const text = this.#text;
    this.#text = undefined;
    return text === '' ? undefined : text;
  }

  override write(): void {
    // /dev/null takes everything
  }
}

export const nothing = (): Description => new TextDescription('');

/** The two ends of a pipe. */
export class Pipe {
  readonly reader: Description;
  readonly writer: Description;

  constructor() {
    const shared = new PipeBuffer();
    this.reader = new PipeReader(shared);
    this.writer = new PipeWriter(shared);
  }
}

class PipeBuffer {
  text = '';
  readerGone = false;
  writerGone = false;
  wake: (() => void) | undefined;
}

class PipeReader extends Description {
  constructor(private readonly pipe: PipeBuffer) {
    super();
  }

  protected override fill(): Promise<string | undefined> | string | undefined {
    const { pipe } = this;
    if (pipe.text !== '') {
      const { text } = pipe;
      pipe.text = '';
      return text;
    }
    if (pipe.writerGone) return undefined;
    return new Promise((resolve) => {
      pipe.wake = () => {
        pipe.wake = undefined;
        resolve(this.fill());
      };
    });
  }

  override write(): void {
    throw new BrokenPipe('the reading end of a pipe');
  }

  protected override close(): void {
    this.pipe.readerGone = true;
    this.pipe.text = '';
  }
}

class PipeWriter extends Description {
  constructor(private readonly pipe: PipeBuffer) {
    super();
  }

  protected override fill(): undefined {
    return undefined;
  }

  override write(text: string): void {
    if (this.pipe.readerGone) throw new BrokenPipe('nobody reads the pipe');
    this.pipe.text += text;
    this.pipe.wake?.();
  }

  protected override close(): void {
    this.pipe.writerGone = true;
    this.pipe.wake?.();
  }
}

/** Hands on what is written to it as it comes, such as to an SSH channel. */
export class Sink extends Description {
  constructor(
    private readonly take: (text: string) => void,
    private readonly onClose: () => void = () => undefined,
  ) {
    super();
  }

  protected override fill(): undefined {
    return undefined;
  }

  override write(text: string): void {
    this.take(text);
  }

  protected override close(): void {
    this.onClose();
  }
}
