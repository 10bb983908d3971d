/** A disk that the Temporal server's database finds no room on. */
export interface FullDisk {
  /** Absolute. */
  readonly databaseFile: string;
  readonly freeBytes: number;
}

/** Such as "0 KiB free on the disk of /home/ann/.local/state/quorate/temporal.db". */
export const roomText = ({ databaseFile, freeBytes }: FullDisk): string =>
  `${Math.floor(freeBytes / 1024)} KiB free on the disk of ${databaseFile}`;

/** How somebody makes room, as the beginning of a sentence. */
export const makeRoom = ({ databaseFile }: FullDisk): string => {
  const folder = databaseFile.slice(0, databaseFile.lastIndexOf('/')) || '/';
  return `Free space there (\`df -h ${folder}\` shows the disk, \`du -xh ${folder} | sort -h | tail\` what takes it)`;
};
