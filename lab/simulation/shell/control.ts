// How the flow of a script leaves where it is: thrown through the interpreter.

/** `exit`, or the end of a subshell by `set -e`. */
export class Exit extends Error {
  override readonly name = 'Exit';
  constructor(readonly status: number) {
    super(`exit ${status}`);
  }
}

export class Return extends Error {
  override readonly name = 'Return';
  constructor(readonly status: number) {
    super(`return ${status}`);
  }
}

/** `break` and `continue`, out of that many loops. */
export class LoopControl extends Error {
  override readonly name = 'LoopControl';
  constructor(
    readonly kind: 'break' | 'continue',
    readonly levels: number,
  ) {
    super(kind);
  }
}

/** A mistake in a script that ends the shell, such as an unset variable with `set -u`. */
export class ShellError extends Error {
  override readonly name = 'ShellError';
  constructor(
    message: string,
    readonly status = 2,
  ) {
    super(message);
  }
}
