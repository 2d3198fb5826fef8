// Types of start-failure.mjs for the tests.
export function whyNotStarted(error: { readonly code?: string; readonly message?: string }): string;
