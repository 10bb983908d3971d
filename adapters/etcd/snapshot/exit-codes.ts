/** How the script of a snapshot ends when it is not 0 or another program's own. */
export const exitCodes = {
  /** Too little space, before or meanwhile; section `room` has the folder and the numbers. As ENOSPC. */
  noSpace: 28,
  /** What arrived is not what etcd sends. */
  damaged: 65,
  /** Nothing more came from etcd. */
  stoodStill: 75,
  /** Another snapshot has the lock and shows no sign of life; section `holder` has its process. */
  locked: 76,
} as const;
