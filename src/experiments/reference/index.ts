// The face of what can be looked up: methods, attacks, keys of a configuration.
export { type AttackOption, type AttackPage, attackPage, attackPages, attackTable } from "./attack-pages.js";
export { type ConfigRow, configRow, configRows, configurationTables, methodRows } from "./config-rows.js";
export { experimentJsonSchema } from "./json-schema.js";
export { type MethodPage, methodPage, methodPages } from "./method-pages.js";
export type { OptionRow } from "./option-rows.js";
