/** What is compared and put in order: a public half, absent where a file does not give it. */
export interface HasPublicHalf {
  readonly blob?: Buffer | undefined;
}

/** One key to offer: of a configured file, of the agent, or of both. */
export interface Candidate<File, Key> {
  readonly file?: File;
  readonly key?: Key;
}

/**
 * The order in which OpenSSH offers keys (pubkey_prepare in sshconnect2.c): those that are configured and in the agent,
 * in the agent's order; the agent's others, unless IdentitiesOnly; then the files that the agent does not hold. Servers
 * close the connection after a few keys that are not theirs (sshd's MaxAuthTries, default 6), so the order decides.
 */
export const orderIdentities = <File extends HasPublicHalf, Key extends HasPublicHalf>(
  files: readonly File[],
  agent: readonly Key[],
  identitiesOnly: boolean,
): readonly Candidate<File, Key>[] => {
  const left = new Set(files);
  const both: Candidate<File, Key>[] = [];
  const others: Candidate<File, Key>[] = [];
  for (const key of agent) {
    const file = [...left].find(({ blob }) => blob !== undefined && key.blob !== undefined && blob.equals(key.blob));
    if (file !== undefined) {
      left.delete(file);
      both.push({ file, key });
    } else if (!identitiesOnly) {
      others.push({ key });
    }
  }
  return [...both, ...others, ...[...left].map((file) => ({ file }))];
};
