// Who may ask: a visitor that knows the token, from this machine's own address, from no other page.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";

/** The page runs its own script alone; text of a run can neither run nor load anything. */
export const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** 256 bits, drawn anew at every start. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** How this machine's own browser may call the server; through a tunnel the port is another. */
const ownName = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/**
 * Refuses every request that is not the reader's own: a name other than this machine's (DNS rebinding), another origin,
 * no token. The token comes once in the address; from then on in a cookie that scripts cannot read.
 */
export function guard(token: string, port: () => number): MiddlewareHandler {
  return async (context, next) => {
    protect(context);
    const host = context.req.header("host") ?? "";
    if (!ownName.test(host)) return context.text("The server answers to 127.0.0.1 alone.\n", 403);
    const origin = context.req.header("origin");
    if (origin !== undefined && origin !== `http://${host}`) {
      return context.text("Another page may not ask.\n", 403);
    }
    const cookie = `reat-${port()}`;
    const given = context.req.method === "GET" ? context.req.query("token") : undefined;
    const opens = context.req.path === "/" && given !== undefined && same(given, token);
    // A page elsewhere may link here, which opens the page and shows it nothing; it may ask for nothing else.
    const site = context.req.header("sec-fetch-site");
    if (site !== undefined && !["same-origin", "none"].includes(site) && !opens) {
      return context.text("Another page may not ask.\n", 403);
    }
    if (opens) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: "Strict", path: "/" });
    } else if (!same(getCookie(context, cookie) ?? "", token)) {
      return context.text(
        "This page needs the address with its token, which `reat ui` printed when it started.\n",
        403,
      );
    }
    await next();
    return;
  };
}

function protect(context: Context): void {
  context.header("Content-Security-Policy", contentPolicy);
  context.header("X-Content-Type-Options", "nosniff");
  context.header("Referrer-Policy", "no-referrer");
  context.header("Cross-Origin-Resource-Policy", "same-origin");
  context.header("Cross-Origin-Opener-Policy", "same-origin");
  context.header("Cache-Control", "no-store");
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
