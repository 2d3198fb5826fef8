// Types of lock.mjs for its tests.

export function whileLocked<Result>(
  lock: string,
  onWait: (owner: number | undefined) => void,
  work: () => Promise<Result>,
): Promise<Result>;
