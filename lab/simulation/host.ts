// One simulated host, as tests use it: the same as a host of the lab.
import type { HostRunOptions } from '../host/ssh.js';
import type { LabHost } from '../host/host.js';
import type { KubernetesVersion } from '../build/versions.js';
import { runOnConsole } from './system/console.js';
import type { ConsoleOptions, ConsoleOutcome } from './system/console.js';
import type { Machine, MachineKind } from './system/machine.js';

const powerActions = ['on', 'off', 'cut', 'reboot', 'freeze', 'thaw', 'rebuild'] as const;
export type PowerAction = (typeof powerActions)[number];

export class SimulatedHost implements LabHost {
  constructor(readonly machine: Machine) {}

  get name(): string {
    return this.machine.name;
  }

  get kind(): MachineKind {
    return this.machine.kind;
  }

  get address(): string {
    return this.machine.address;
  }

  get kubernetesVersion(): KubernetesVersion | undefined {
    return this.machine.kind === 'node' ? (this.machine.kubernetesVersion as KubernetesVersion) : undefined;
  }

  /** Needs a host that ssh reaches, as in the lab; 255 when it does not. */
  async run(script: string, options: HostRunOptions = {}): Promise<ConsoleOutcome> {
    const { machine } = this;
    if (!machine.isOn || machine.isFrozen || !machine.reachableBySsh)
      return { code: 255, stdout: '', stderr: `ssh: connect to host ${machine.name} port 22: Connection timed out` };
    return runOnConsole(machine, script, options);
  }

  async check(script: string, options: HostRunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(script, options);
    if (code !== 0) throw new Error(`${this.name}: ${script}\nended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  console(script: string, options: ConsoleOptions = {}): Promise<ConsoleOutcome> {
    return runOnConsole(this.machine, script, options);
  }

  /** Switches, cuts, freezes; resolves when that is done, `on` and `reboot` when ssh answers. */
  async power(action: PowerAction): Promise<void> {
    switch (action) {
      case 'on':
        await this.powerOn();
        return this.waitForSsh();
      case 'off':
        return this.shutdown();
      case 'cut':
        return this.powerCut();
      case 'reboot':
        await this.reboot();
        return this.waitForSsh();
      case 'freeze':
        return this.freeze();
      case 'thaw':
        return this.thaw();
      case 'rebuild':
        return this.rebuild();
    }
  }

  powerCut(): Promise<void> {
    this.machine.powerCut();
    return Promise.resolve();
  }

  powerOn(): Promise<void> {
    this.machine.powerOn();
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.machine.shutdown();
  }

  reboot(): Promise<void> {
    return this.machine.reboot();
  }

  freeze(): void {
    this.machine.freeze();
  }

  thaw(): void {
    this.machine.thaw();
  }

  isOn(): boolean {
    return this.machine.isOn;
  }

  waitForSsh(): Promise<void> {
    return this.machine.whenOn();
  }

  async rebuild(): Promise<void> {
    this.machine.rebuild();
    await this.power('on');
  }
}
