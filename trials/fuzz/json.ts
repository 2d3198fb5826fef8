// Mutations of JSON-like values: a place in the tree gets something that does not belong there.
import type { Random } from "../random.js";

/** JSON values that programs trip over. */
export function hostileValue(random: Random): unknown {
  const deep = () => {
    let value: unknown = 1;
    for (let i = 0; i < 2000; i++) value = random.chance(0.5) ? [value] : { a: value };
    return value;
  };
  const choices: readonly (() => unknown)[] = [
    () => null,
    () => true,
    () => -1,
    () => 0,
    () => 0.5,
    () => 1e9,
    () => 2 ** 53,
    () => -(2 ** 63),
    () => 1e308,
    () => "",
    () => "NaN",
    () => "\u001b[31mred\u0007",
    () => "x".repeat(5000),
    () => "../../../etc/passwd",
    () => "\u0000",
    () => "constructor",
    () => "__proto__",
    () => [],
    () => ({}),
    () => [[]],
    () => ({ __proto__: null, toString: 1 }),
    () => Array.from({ length: 300 }, () => random.below(10)),
    deep,
  ];
  return random.pick(choices)();
}

type Container = Record<string, unknown> | unknown[];

function placesOf(value: unknown, found: { holder: Container; key: string }[] = []): typeof found {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push({ holder: value as Container, key });
    placesOf((value as Record<string, unknown>)[key], found);
  }
  return found;
}

/** A mutated deep copy, and what was done. */
export function mutateJson<T>(value: T, random: Random): { value: T; what: string } {
  const copy = JSON.parse(JSON.stringify(value)) as T;
  const done: string[] = [];
  for (let round = random.between(1, 2); round > 0; round--) {
    const places = placesOf(copy);
    if (places.length === 0) break;
    const { holder, key } = random.pick(places);
    const target = holder as Record<string, unknown>;
    switch (random.below(5)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete target[key];
        done.push(`${key} left out`);
        break;
      case 1:
        if (Array.isArray(holder)) holder.push(hostileValue(random));
        else
          target[random.pick(["extra", "__proto__x", "constructor", "type", "", "a.b"])] =
            hostileValue(random);
        done.push(`one more beside ${key}`);
        break;
      case 2:
        if (typeof target[key] === "number") {
          target[key] = random.pick([-1, 0, 1, 2, 1e9, 2 ** 31, 2 ** 53, 0.1, -(target[key] as number)]);
        } else target[key] = JSON.stringify(target[key]);
        done.push(`another number for ${key}`);
        break;
      case 3: {
        const other = random.pick(places);
        target[key] = structuredClone((other.holder as Record<string, unknown>)[other.key]);
        done.push(`${other.key}'s value for ${key}`);
        break;
      }
      default:
        target[key] = hostileValue(random);
        done.push(`hostile value for ${key}`);
    }
  }
  return { value: copy, what: done.join(", ") };
}
