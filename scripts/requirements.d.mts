// Types of requirements.mjs for the doctor and its tests.

export const oldestNode: string;
export function isOldNode(version: string): boolean;
export function unmetRequirement(version: string, platform: string): string | undefined;
export function requireSystem(): void;
