/** A port that another process listens on. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
  constructor(address: string, port: number) {
    super(`listen tcp ${address}:${port}: bind: address already in use`);
  }
}
