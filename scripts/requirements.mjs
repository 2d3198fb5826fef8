// What has to be there before anything else is loaded: a Node that understands this code, and Linux.
//
// Written without imports and in syntax that every Node with modules reads, so that an old Node can read it and say what is wrong.

/** The oldest Node that runs reat: `engines` in package.json says the same, and a test holds the two together. */
export const oldestNode = "20.15";

/** Whether a version such as "18.19.1" is old: older than `oldestNode`. */
export function isOldNode(version) {
  const given = version.split(".").map(Number);
  const wanted = oldestNode.split(".").map(Number);
  return given[0] < wanted[0] || (given[0] === wanted[0] && given[1] < wanted[1]);
}

/**
 * One sentence on what is missing, undefined where nothing is.
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

/** Ends the process with that sentence where something is missing. */
export function requireSystem() {
  const problem = unmetRequirement(process.versions.node, process.platform);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exit(1);
  }
}
