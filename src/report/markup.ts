// A tagged template for HTML and SVG that escapes every value unless it is markup already.

/** Text that is known to be well-formed markup; made by {@link html} alone. */
export class Markup {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: text and numbers are escaped, nothing is left out, lists are joined. */
export type Content = Markup | string | number | null | undefined | false | readonly Content[];

/** Markup from a template. Values are escaped for element content and for double-quoted attributes alike. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Markup {
  let text = parts[0]!;
  values.forEach((value, i) => {
    text += render(value) + parts[i + 1]!;
  });
  return new Markup(text);
}

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(render).join("");
  return escapeText(String(value));
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for markup, and drops the control characters that XML forbids. */
export function escapeText(text: string): string {
  return text.replace(/(?![\t\n\r])\p{Cc}/gu, "").replace(/[&<>"']/g, (c) => entities[c]!);
}

/** A coordinate with at most two decimals: enough for a screen, and a third of the bytes. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}
