import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const xdg = (env: Environment, variable: string, fallback: string): string => {
  const value = env[variable];
  // The XDG specification says to ignore a relative path.
  return join(value?.startsWith('/') === true ? value : join(env['HOME'] ?? homedir(), fallback), 'quorate');
};

/** Things that can be fetched or built again: `$XDG_CACHE_HOME/quorate`, default `~/.cache/quorate`. */
export const cacheFolder = (env: Environment = process.env): string => xdg(env, 'XDG_CACHE_HOME', '.cache');

/** Things that must outlive a restart: `$XDG_STATE_HOME/quorate`, default `~/.local/state/quorate`. */
export const stateFolder = (env: Environment = process.env): string => xdg(env, 'XDG_STATE_HOME', '.local/state');
