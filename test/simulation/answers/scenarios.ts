import { makeTopology } from '../../../lab/topology.js';
import { building } from './building.js';
import { refusals } from './refusals.js';
import type { Part } from './stage.js';
import { takingApart } from './taking-apart.js';

/** Number of the subnet of both sides: addresses are in names that are hashed. */
export const subnet = 77;

/** The hosts of both sides. */
export const topology = makeTopology({ controlPlanes: 3, workers: 1, loadBalancers: 1 });

/** What is played on both sides, part after part: the life of a cluster, and what it refuses. */
export const parts: readonly Part[] = [...building, ...refusals, ...takingApart];
