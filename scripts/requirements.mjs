// Checks, before anything else is loaded, that Node is new enough for this code and that the system is Linux.
//
// This file has no imports and uses only old syntax, so that an old Node can read it and say what is wrong.

/** The oldest Node that runs reat. A test compares it with `engines` in package.json. */
export const oldestNode = "20.15";

/** Whether a version such as "18.19.1" is older than `oldestNode`. */
export function isOldNode(version) {
  const given = version.split(".").map(Number);
  const wanted = oldestNode.split(".").map(Number);
  return given[0] < wanted[0] || (given[0] === wanted[0] && given[1] < wanted[1]);
}

/**
 * One sentence that says what is missing; undefined if nothing is.
 *
 * @param version as in process.versions.node
 * @param platform as in process.platform
 */
export function unmetRequirement(version, platform) {
  if (isOldNode(version)) {
    return `reat needs Node ${oldestNode} or newer (22 and 24 are tested), this is Node ${version}: install a newer one from https://nodejs.org, or with a version manager (\`nvm install 24\`).`;
  }
  if (platform === "win32") {
    return "reat runs on Linux, this is Windows: install WSL (`wsl --install` in PowerShell) and set reat up inside its Debian or Ubuntu.";
  }
  if (platform !== "linux") {
    const system = platform === "darwin" ? "macOS" : platform;
    return `reat runs on Linux, this is ${system}: use a Linux machine, virtual machine or container (on Windows, WSL); docs/systems.md lists what a port would need.`;
  }
  return undefined;
}

/** If something is missing, ends the process with that sentence. */
export function requireSystem() {
  const problem = unmetRequirement(process.versions.node, process.platform);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exit(1);
  }
}
