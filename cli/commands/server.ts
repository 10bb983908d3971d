import type { Limits } from '../../api/server/options.js';
import { resolveTemporal } from '../../api/connection/connect.js';
import { clock } from '../format/text.js';
import type { Io } from '../io.js';
import { serveUntilSignal, starting } from '../serve-until-signal.js';
import { accessText, prepareApi, type ApiOptions } from '../start-api.js';

export interface ServerCommandOptions extends Omit<ApiOptions, 'limits'> {
  readonly rateLimit: number;
  readonly maxBody: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly readingRate: number;
  readonly maxReadings: number;
  readonly maxReadingsPerToken: number;
  readonly maxStreams: number;
  readonly maxStreamsPerToken: number;
}

/** The HTTP API for the Temporal server that the environment or the profile names, until a signal. */
export const server = async (io: Io, version: string, options: ServerCommandOptions): Promise<number> => {
  const target = resolveTemporal(io.env);
  const limits: Partial<Limits> = {
    requestsPerSecond: options.rateLimit,
    bodyBytes: options.maxBody,
    connections: options.maxConnections,
    connectionsPerAddress: options.maxConnectionsPerAddress,
    readingsPerMinute: options.readingRate,
    readings: options.maxReadings,
    readingsPerToken: options.maxReadingsPerToken,
    streams: options.maxStreams,
    streamsPerToken: options.maxStreamsPerToken,
  };
  const say = (line: string): void => io.out(`${clock(new Date())} ${line}\n`);
  const api = prepareApi(io, version, { ...options, limits });
  say(`Temporal: ${target.address}, namespace ${target.namespace} (${target.source})`);
  say(accessText(api));
  const name = 'quorate server';
  const serving = await starting(io, name, () => api.start(target));
  say(`${name} is ready: ${serving.url}, documentation at ${serving.url}/docs`);
  const never = new Promise<void>(() => {});
  return serveUntilSignal({ ended: never, stop: serving.stop }, say, name, 'operations go on');
};
