// Asks before it installs what the machine lacks.
import { findNeeds, NeedsError, type Needs } from '../needs.js';
import type { HostOptions } from '../topology.js';
import { installPackages } from './install.js';

/** Makes the machine ready for such hosts, or throws with everything that is missing. */
export async function settleNeeds(hosts: readonly HostOptions[], yes: boolean): Promise<void> {
  const needs = await findNeeds(hosts);
  if (needs.packages.length === 0) return throwIfIncomplete(needs);
  const others: Needs = { ...needs, packages: [] };
  const installable = needs.root && others.controlGroupsV1 && others.go === undefined;
  if (!installable || !(await installPackages('The lab', needs.packages, yes))) throw new NeedsError(needs);
  throwIfIncomplete(await findNeeds(hosts));
}

function throwIfIncomplete(needs: Needs): void {
  const complete = needs.root && needs.controlGroupsV1 && needs.packages.length === 0 && needs.go === undefined;
  if (!complete) throw new NeedsError(needs);
}
