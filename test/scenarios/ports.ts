/** TCP ports of a control-plane node and of a worker. */
export const kubernetesPorts: readonly number[] = [
  2379, 2380, 2381, 6443, 10_248, 10_249, 10_250, 10_256, 10_257, 10_259,
];
